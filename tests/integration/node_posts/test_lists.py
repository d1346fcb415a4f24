"""Order, pages, filters and exports of lists with more rows than a page."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

import pytest
from node_site_lab import held_payment
from post_lab import ELSEWHERE, REASON, Office
from python_calamine import CalamineWorkbook

from kuwei_shared.identity.roles import Role

pytestmark = pytest.mark.integration

MANY = 520
UNIT, QUEUED = "109001", "109003"


@pytest.fixture(scope="module")
def many(office: Office) -> Office:
    """More payments of one unit than an export reads at a time; another's in queue."""
    plain = {"agency_code": UNIT, "agency_name": "百分之百%所_", "checker_code": "u1"}
    office.screen(
        *(
            held_payment(f"L-{n:03}", **plain, pay_amt=f"{n}.10", vou_date="2026-04-07")
            for n in range(1, MANY + 1)
        )
    )
    one = plain | {"checker_code": "u2081", "agency_code": QUEUED}
    for amount in ("30", "10", "20"):
        office.screen(held_payment(f"L-held-{amount}", **one, pay_amt=f"{amount}.00"))
    return office


def column(office: Office, query: str, path: str = "/payments") -> list[str]:
    """Return the payment ids a list shows, in its order."""
    page = office.read(f"{path}?{query}", Role.MONITOR).text
    return re.findall(r"L-(?:held-)?\d+(?=</a>)", page)


def rows(office: Office, path: str) -> list[list[str]]:
    """Return a CSV export without its heading and without its mark."""
    sheet = office.read(path, Role.AUDITOR).content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(sheet)))[1:-1]


def test_pages_follow_each_other_without_gap_or_repeat(many: Office) -> None:
    query = f"unit={UNIT}&number=L-&sort=pay_amt&size=200"

    pages = [column(many, f"{query}&page={number}") for number in (1, 2, 3, 4)]

    whole = [one for page in pages for one in page]
    assert [len(page) for page in pages] == [200, 200, MANY - 400, 0]
    assert len(set(whole)) == MANY


def test_links_of_a_page_keep_its_filters(many: Office) -> None:
    query = f"unit={UNIT}&since=2026-04-07&page=2&size=20"

    page = many.read(f"/payments?{query}", Role.MONITOR).text

    following = re.search(r'href="([^"]+)" rel="next"', page)
    assert following is not None
    assert f"unit={UNIT}" in following[1]
    assert "since=2026-04-07" in following[1]
    assert "page=3" in following[1]


def test_an_export_longer_than_a_reading_holds_every_row_once(many: Office) -> None:
    found = rows(many, f"/payments/export.csv?unit={UNIT}&since=2026-04-07")

    numbers = [row[1] for row in found]
    assert len(numbers) == MANY
    assert len(set(numbers)) == MANY


def test_an_export_keeps_the_order_and_ignores_the_page(many: Office) -> None:
    query = f"unit={UNIT}&sort=pay_amt&page=9&size=20"

    amounts = [Decimal(row[7]) for row in rows(many, f"/payments/export.csv?{query}")]

    assert len(amounts) == MANY
    assert amounts == sorted(amounts)


def test_a_workbook_holds_amounts_as_numbers(many: Office) -> None:
    query = f"unit={UNIT}&number=L-007"

    file = many.read(f"/payments/export.xlsx?{query}", Role.AUDITOR).content

    book = CalamineWorkbook.from_filelike(io.BytesIO(file))
    row = book.get_sheet_by_index(0).to_python()[1]
    assert row[1] == "L-007"
    assert row[7] == pytest.approx(7.10)


def test_an_export_holds_nothing_of_another_bureau(many: Office) -> None:
    sheet = many.read("/payments/export.csv", Role.AUDITOR, ELSEWHERE).text

    assert "L-" not in sheet
    assert "共 0 行" in sheet


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("pay_amt", ["10", "20", "30"]),
        ("-pay_amt", ["30", "20", "10"]),
        ("held_at", ["30", "10", "20"]),
        ("-held_at", ["20", "10", "30"]),
    ],
)
def test_the_queue_is_ordered_by_age_or_amount(
    many: Office, sort: str, order: list[str]
) -> None:
    found = column(many, f"unit={QUEUED}&sort={sort}", "/holds")

    assert found == [f"L-held-{one}" for one in order]


@pytest.mark.parametrize(
    ("unit", "is_found"),
    [(UNIT, True), ("%所", True), ("百分", True), ("百_百", False), ("%%", False)],
)
def test_signs_of_a_pattern_are_looked_for_as_themselves(
    many: Office, unit: str, *, is_found: bool
) -> None:
    with many.post(Role.MONITOR) as browser:
        page = browser.get("/holds", params={"unit": unit}).text

    assert ("百分之百%所_" in page.split("<tbody", 1)[1]) == is_found


@pytest.mark.parametrize("payee", ["%", "_", "百%货", "\\"])
def test_no_payee_is_found_by_a_pattern(many: Office, payee: str) -> None:
    with many.post(Role.MONITOR) as browser:
        page = browser.get("/payments", params={"payee": payee}).text

    assert "没有符合条件的支付" in page


def test_what_was_decided_is_narrowed_by_outcome(many: Office) -> None:
    many.screen(held_payment("L-900", agency_code="109002"))
    many.screen(held_payment("L-901", agency_code="109002"))
    with many.post(Role.LEADER) as browser:
        for name, act in (("L-900", "release"), ("L-901", "refuse")):
            path = f"/holds/{many.seq_of(name)}/{act}"
            browser.post(path, data={"reason": REASON})

    unit = "unit=109002&state="
    assert column(many, f"{unit}released", "/holds/done") == ["L-900"]
    assert column(many, f"{unit}refused", "/holds/done") == ["L-901"]
    assert column(many, f"{unit}nonsense", "/holds/done") == []


def test_a_fragment_is_the_table_alone(many: Office) -> None:
    with many.post(Role.MONITOR) as browser:
        browser.headers["hx-request"] = "true"
        part = browser.get("/payments", params={"unit": UNIT}).text

    assert "<html" not in part
    assert 'id="table-payments"' in part


def test_a_refusal_inside_a_table_is_a_sentence_not_a_page(many: Office) -> None:
    with many.post(Role.MONITOR) as browser:
        browser.headers["hx-request"] = "true"
        answer = browser.get("/payments", params={"least": "很多"})

    assert answer.status_code == 400
    assert "<html" not in answer.text
    assert "不是金额" in answer.text
