"""Every table of a node: its pages, its order, its filters and its files."""

from __future__ import annotations

import csv
import io
import re

import pytest
import table_lab
from full_node_lab import Full
from python_calamine import CalamineWorkbook

from kuwei_shared.identity.roles import Role

pytestmark = pytest.mark.integration

REJECTS = "/imports/9/rejects"
LISTED = ("/payments", "/holds", "/holds/done", "/alerts", "/rules")
TABLES = (*LISTED, "/rules/proposals", "/runs", "/imports", REJECTS, "/audit")
EXPORTED = (*LISTED, "/rules/proposals", "/runs", "/imports", REJECTS)
SIZE = 4
RANKS = ["记录", "黄色预警", "橙色预警", "红色暂缓", "灰色拒绝"]


@pytest.fixture(scope="module", params=TABLES)
def path(request: pytest.FixtureRequest) -> str:
    """The address of one table."""
    found: str = request.param
    return found


def see(full: Full, path: str, query: str) -> table_lab.Shown:
    return table_lab.shown(full.see(f"{path}?{query}"))


def weight(cell: str) -> tuple[int, float, str]:
    """Return what a cell is ordered by: a severity, a figure, or its words."""
    if cell in RANKS:
        return RANKS.index(cell), 0, ""
    figure = cell.replace(",", "")
    if re.fullmatch(r"-?\d+(\.\d+)?", figure):
        return 0, float(figure), ""
    return 0, 0, cell


def test_pages_hold_every_row_once_and_in_order(full: Full, path: str) -> None:
    whole = see(full, path, "size=200")
    last = -(-whole.total // SIZE)

    pages = [see(full, path, f"size={SIZE}&page={n}") for n in range(1, last + 1)]

    assert whole.total >= 2 * SIZE
    assert [row for page in pages for row in page.rows] == whole.rows
    assert {page.total for page in pages} == {len(whole.rows)}
    assert [page.first for page in pages] == list(range(1, whole.total + 1, SIZE))


def test_following_the_links_walks_to_the_end_and_back(full: Full, path: str) -> None:
    first = see(full, path, f"size={SIZE}")

    second = table_lab.shown(full.see(first.links["下一页"]))
    end = table_lab.shown(full.see(second.links["末页"]))
    home = table_lab.shown(full.see(end.links["首页"]))

    assert second.first == SIZE + 1
    assert end.last == end.total == first.total
    assert "下一页" not in end.links
    assert home.rows == first.rows


def test_every_heading_that_is_a_link_orders_both_ways(full: Full, path: str) -> None:
    sorts = see(full, path, "size=200").sorts

    for name, label in sorts.items():
        up = see(full, path, f"size=200&sort={name}")
        down = see(full, path, f"size=200&sort=-{name}")
        weights = [weight(cell) for cell in up.column(label)]
        assert weights == sorted(weights)
        assert down.rows == up.rows[::-1]
    assert sorts or path == "/audit"


def test_a_page_behind_the_last_is_empty_and_leads_back(full: Full, path: str) -> None:
    whole = see(full, path, "size=200")
    last = -(-whole.total // SIZE)

    beyond = see(full, path, f"size={SIZE}&page=900")

    assert beyond.rows == []
    assert (beyond.first, beyond.last, beyond.total) == (0, 0, whole.total)
    assert f"page={last}&" in f"{beyond.links['上一页']}&"


def test_one_page_alone_still_leads_back_from_behind_it(full: Full, path: str) -> None:
    beyond = see(full, path, "size=200&page=2")

    assert beyond.rows == []
    assert "page=" not in beyond.links["首页"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("sort=nonsense", "table.bad_sort"),
        ("sort=--seq", "table.bad_sort"),
        ("page=-1", "table.bad_number"),
        ("page=99999999", "table.bad_number"),
        ("size=0", "page.out_of_range"),
    ],
)
def test_no_table_takes_an_order_or_a_page_it_does_not_have(
    full: Full, path: str, query: str, code: str
) -> None:
    answer = full.office.read(f"{path}?{query}", Role.AUDITOR)

    assert answer.status_code == 400
    assert code in answer.text


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ("/payments?unit=101001", 11),
        ("/payments?unit=卫生", 16),
        ("/payments?number=T-0", 9),
        ("/payments?stage=receipt", 11),
        ("/payments?since=2026-06-11", 11),
        ("/payments?until=2026-01-31", 3),
        ("/payments?least=20.50&number=T-", 4),
        ("/payments?most=4.50&number=T-", 3),
        ("/payments?decision=hold", 22),
        ("/payments?rule=SX-5", 11),
        ("/payments?payee=印刷", 11),
        ("/holds?unit=101001", 11),
        ("/holds?rule=GX-U14", 11),
        ("/holds?rule=GX-U10", 0),
        ("/holds/done?state=released", 6),
        ("/holds/done?state=refused", 5),
        ("/holds/done?unit=教育", 0),
        ("/alerts?rule=GX-U14", 22),
        ("/alerts?rule=SX-5", 1),
        ("/alerts?severity=red", 22),
        ("/alerts?severity=red&unit=101002", 11),
        ("/alerts?severity=red&unit=教育", 11),
        ("/alerts?since=2026-06-01&severity=red", 3),
        ("/alerts?until=2026-01-31", 6),
        ("/rules?words=公务卡&status=stable", None),
        ("/rules?mode=tuned", 0),
        ("/rules/proposals?state=waiting", 1),
        ("/rules/proposals?state=refused", 10),
        ("/runs?schedule=day_end", 7),
        ("/runs?schedule=month_end", 6),
        ("/runs?state=done", 13),
        ("/runs?state=failed", 0),
        ("/imports?state=done", 8),
        ("/imports?state=refused", 1),
        ("/imports?profile=standard", 9),
        ("/imports?state=failed", 0),
        (f"{REJECTS}?reason=field.money", 6),
        (f"{REJECTS}?reason=field.date", 5),
        ("/audit?act=重新审核&about=支付 1", 11),
        ("/audit?actor=nobody", 0),
    ],
)
def test_a_filter_leaves_what_it_says(full: Full, asked: str, rows: int | None) -> None:
    found = table_lab.shown(full.see(f"{asked}&size=200"))

    assert found.total == len(found.rows)
    assert found.total == rows or (rows is None and 0 < found.total < 72)


@pytest.mark.parametrize("path", EXPORTED)
def test_both_files_hold_what_the_table_shows(full: Full, path: str) -> None:
    post = Role.DATA_STEWARD if path == REJECTS else Role.AUDITOR
    whole = see(full, path, "size=200")

    sheet = full.office.read(f"{path}/export.csv", post).content.decode("utf-8-sig")
    book = full.office.read(f"{path}/export.xlsx", post).content

    lines = list(csv.reader(io.StringIO(sheet)))
    cells = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0)
    assert len(lines) == len(cells.to_python()) == whole.total + 2
    assert set(whole.headings) <= set(lines[0])
    assert f"共 {whole.total} 行" in lines[-1][0]


@pytest.mark.parametrize("path", EXPORTED)
def test_files_write_words_where_the_page_does(full: Full, path: str) -> None:
    post = Role.DATA_STEWARD if path == REJECTS else Role.AUDITOR
    codes = {"red", "yellow", "orange", "stable", "voucher", "held", "day_end", "done"}

    sheet = full.office.read(f"{path}/export.csv", post).content.decode("utf-8-sig")

    cells = {cell for line in csv.reader(io.StringIO(sheet)) for cell in line}
    assert not cells & codes
