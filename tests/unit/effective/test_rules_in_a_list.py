"""Rules as a list shows them: what is looked for, in which order, month by month."""

from __future__ import annotations

import datetime as dt

import pytest

from kuwei_node.effective.domain import (
    MonthHits,
    RuleRow,
    RuleSearch,
    chosen,
    every_month,
)
from kuwei_shared.kernel.pages import PageRequest


def row(rule_id: str, **changes: object) -> RuleRow:
    plain: dict[str, object] = {
        "rule_id": rule_id,
        "title": "大额支付",
        "severity": "yellow",
        "status": "stable",
        "trigger": "voucher",
        "basis": "办法第九条",
        "version": 1,
        "modes": ("standard",),
    }
    return RuleRow(**(plain | changes))  # type: ignore[arg-type]  # plain values of its fields


ROWS = [
    row("A1", severity="red", modes=("standard", "alert_only")),
    row("B1", severity="record", title="Cash 提现", status="trial", modes=("trial",)),
    row("C1", severity="grey", basis="规程第一条", modes=("local", "tuned")),
    row("D1", severity="orange", status="retired"),
]


def ids(search: RuleSearch, sort: str | None = None) -> str:
    found = chosen(ROWS, search, PageRequest(sort=sort))
    return " ".join(one.rule_id for one in found.rows)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (RuleSearch(), "A1 B1 C1 D1"),
        (RuleSearch(words="cash"), "B1"),
        (RuleSearch(words="规程"), "C1"),
        (RuleSearch(words="a1"), "A1"),
        (RuleSearch(severity="orange"), "D1"),
        (RuleSearch(status="trial"), "B1"),
        (RuleSearch(mode="alert_only"), "A1"),
        (RuleSearch(mode="standard"), "A1 D1"),
        (RuleSearch(mode="tuned", severity="red"), ""),
    ],
)
def test_every_condition_narrows(search: RuleSearch, found: str) -> None:
    assert ids(search) == found


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("severity", "B1 D1 A1 C1"),
        ("-severity", "C1 A1 D1 B1"),
        ("status", "B1 A1 C1 D1"),
        ("-rule_id", "D1 C1 B1 A1"),
        ("nonsense", "A1 B1 C1 D1"),
    ],
)
def test_codes_are_ordered_by_rank_and_the_rest_by_itself(
    sort: str, order: str
) -> None:
    assert ids(RuleSearch(), sort) == order


def test_a_page_is_a_part_of_what_was_found_and_knows_how_much() -> None:
    page = chosen(ROWS, RuleSearch(), PageRequest(number=2, size=3))

    assert [one.rule_id for one in page.rows] == ["D1"]
    assert (page.total, page.last) == (4, 2)


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [
        ("2026-07-03", "2025-08", "2026-07"),
        ("2026-12-31", "2026-01", "2026-12"),
        ("2027-01-01", "2026-02", "2027-01"),
        # 365 days before the end of a month of a leap year are a month too few.
        ("2028-03-31", "2027-04", "2028-03"),
        ("2028-12-31", "2028-01", "2028-12"),
    ],
)
def test_hits_are_shown_for_the_twelve_months_that_end_now(
    today: str, first: str, last: str
) -> None:
    known = [MonthHits(month=first, hits=4), MonthHits(month="2020-01", hits=9)]

    months = every_month(known, dt.date.fromisoformat(today))

    assert len(months) == 12
    assert (months[0].month, months[-1].month) == (first, last)
    assert [one.hits for one in months] == [4, *[0] * 11]
