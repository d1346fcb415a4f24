"""Every table of the hub: its pages, its order, its filters and its files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import httpx
import pytest
import table_lab
import web_lab

from kuwei_shared.web.formats import LEVELS, SEVERITIES, STATUSES

pytestmark = pytest.mark.integration

TABLES = ("/territory", "/catalogue", "/releases/rollout", "/audit")
REPORTS = "/releases/rollout/450100000"
EXPORTED = ("/territory", "/catalogue", "/releases", "/releases/rollout", REPORTS)
SIZE = 3
RANKED = [*LEVELS.values(), *SEVERITIES.values(), *STATUSES.values()]
BY_COLLATION = "名称"


@pytest.fixture(scope="module")
def auditor(site: web_lab.Site) -> Iterator[httpx.Client]:
    """The province's auditor, with four acts in the log."""
    with site.signed_in("province-auditor") as browser:
        for name in ("territory", "catalogue", "territory", "releases/rollout"):
            browser.get(f"/{name}/export.csv")
        yield browser


@pytest.fixture(scope="module", params=TABLES)
def path(request: pytest.FixtureRequest) -> str:
    """The address of one table."""
    found: str = request.param
    return found


def see(browser: httpx.Client, asked: str) -> table_lab.Shown:
    return table_lab.shown(browser.get(asked).text)


def rows_of(browser: httpx.Client, path: str, **query: str) -> list[list[str]]:
    sheet = browser.get(f"{path}/export.csv", params=query).content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(sheet)))[:-1]


def weight(cell: str) -> tuple[int, str]:
    return (RANKED.index(cell), "") if cell in RANKED else (0, cell)


def test_pages_hold_every_row_once_and_in_order(
    auditor: httpx.Client, path: str
) -> None:
    whole = see(auditor, f"{path}?size=200")
    last = -(-whole.total // SIZE)

    found = [see(auditor, f"{path}?size={SIZE}&page={n}") for n in range(1, last + 1)]

    assert whole.total > SIZE
    assert [row for page in found for row in page.rows] == whole.rows
    assert found[-1].last == whole.total


def test_a_page_behind_the_last_is_empty_and_leads_back(
    auditor: httpx.Client, path: str
) -> None:
    beyond = see(auditor, f"{path}?size={SIZE}&page=900")

    assert beyond.rows == []
    assert (beyond.first, beyond.last) == (0, 0)
    assert beyond.total > SIZE
    assert see(auditor, beyond.links["上一页"]).rows


@pytest.mark.parametrize(
    ("path", "sorts"),
    [
        ("/territory", {"mof_div_code", "name", "level", "opened_on"}),
        ("/catalogue", {"rule_id", "title", "severity", "status"}),
    ],
)
def test_every_heading_that_is_a_link_orders_both_ways(
    auditor: httpx.Client, path: str, sorts: set[str]
) -> None:
    offered = see(auditor, path).sorts

    assert set(offered) == sorts
    for name, label in offered.items():
        up = see(auditor, f"{path}?size=200&sort={name}")
        down = see(auditor, f"{path}?size=200&sort=-{name}")
        weights = [weight(cell) for cell in up.column(label)]
        # Chinese names stand in the order of the database's collation.
        assert label == BY_COLLATION or weights == sorted(weights)
        assert down.column(label) == up.column(label)[::-1]
        assert sorted(down.rows) == sorted(up.rows)


def test_a_rollout_is_ordered_by_who_needs_help_first(auditor: httpx.Client) -> None:
    path = "/releases/rollout?sort"
    offered = see(auditor, "/releases/rollout").sorts
    first = see(auditor, f"{path}=-state_title").column("进度")
    last = see(auditor, f"{path}=state_title").column("进度")

    assert set(offered) == {
        *("mof_div_code", "version", "state_title", "since", "active_version")
    }
    assert first[0].endswith("失败")
    assert last == first[::-1]


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ("/territory?level=city", 2),
        ("/territory?words=三塘", 1),
        ("/territory?words=450102", 3),
        ("/territory?words=%25", 0),
        ("/catalogue?words=大额支付 第九条", None),
        ("/catalogue?severity=grey", None),
        ("/catalogue?status=draft", 0),
        ("/catalogue?family=ul", 5),
        ("/releases?status=published", 1),
        ("/releases?status=withdrawn", 0),
        ("/releases/rollout?standing=active", 3),
        ("/releases/rollout?standing=failed", 1),
        ("/releases/rollout?standing=suspended", 0),
        ("/releases/rollout?standing=waiting", 1),
        ("/releases/rollout?words=4501", 3),
        ("/releases/rollout?words=桂林", 1),
        ("/releases/rollout?words=%25", 0),
        (f"{REPORTS}?state=active", 0),
        ("/audit?actor=province-auditor&act=导出&about=财政区划", 2),
        ("/audit?actor=province-auditor&act=导出", 4),
        ("/audit?actor=province-auditor&act=导出&since=1970-01-01", 4),
        ("/audit?since=9999-12-31", 0),
        ("/audit?until=1970-01-01", 0),
    ],
)
def test_a_filter_leaves_what_it_says(
    auditor: httpx.Client, asked: str, rows: int | None
) -> None:
    found = see(auditor, f"{asked}&size=200")

    assert found.total == len(found.rows)
    assert found.total == rows or (rows is None and 0 < found.total < 72)


@pytest.mark.parametrize("path", EXPORTED)
def test_a_file_holds_what_the_table_shows_in_the_pages_words(
    auditor: httpx.Client, path: str
) -> None:
    whole = see(auditor, f"{path}?size=200")

    head, *rows = rows_of(auditor, path)

    codes = {*LEVELS, *SEVERITIES, *STATUSES, "voucher", "active", "verified"}
    assert head == whole.headings
    assert len(rows) == whole.total
    assert not {cell for row in rows for cell in row} & codes


def test_a_file_follows_filter_and_order(auditor: httpx.Client) -> None:
    _, *rows = rows_of(auditor, "/territory", level="county", sort="-mof_div_code")

    assert [row[0] for row in rows] == ["450303000", "450181000", "450102000"]
    assert {row[2] for row in rows} == {"县级"}


@pytest.mark.parametrize("path", TABLES)
@pytest.mark.parametrize("query", ["sort=nonsense", "page=-1", "size=501", "page=x"])
def test_no_table_takes_an_order_or_a_page_it_does_not_have(
    auditor: httpx.Client, path: str, query: str
) -> None:
    answer = auditor.get(f"{path}?{query}")

    assert answer.status_code == 400
    assert "table.bad_" in answer.text or "page.out_of_range" in answer.text


@pytest.mark.parametrize("path", EXPORTED)
def test_only_two_forms_of_file_exist(auditor: httpx.Client, path: str) -> None:
    answer = auditor.get(f"{path}/export.pdf")

    assert answer.status_code == 404
    assert "export.form" in answer.text


@pytest.mark.parametrize("path", EXPORTED)
@pytest.mark.parametrize(
    "who", ["province-rule-drafter", "province-rule-approver", "province-administrator"]
)
def test_posts_without_the_right_export_nothing(
    site: web_lab.Site, who: str, path: str
) -> None:
    with site.signed_in(who) as browser:
        answer = browser.get(f"{path}/export.csv")

    assert answer.status_code == 403


def test_the_log_is_read_from_either_end_and_taken_away_as_a_file(
    auditor: httpx.Client,
) -> None:
    oldest = see(auditor, "/audit?sort=seq&size=200")

    head, *rows = rows_of(auditor, "/audit", sort="seq")

    assert oldest.column("序号")[:3] == ["1", "2", "3"]
    assert head == oldest.headings
    assert [row[0] for row in rows[: oldest.total]] == oldest.column("序号")
    assert any("格式 csv" in row[5] for row in rows)


def test_who_does_not_see_the_log_exports_none_of_it(site: web_lab.Site) -> None:
    with site.signed_in("province-assessor") as browser:
        answer = browser.get("/audit/export.csv")

    assert answer.status_code == 403
