"""The first page's figures: each payment once, however many stages saw it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from kuwei_node.catalogue.domain import Status
from kuwei_node.today.domain import TREND_DAYS, DaySums, Picture, Span

DAY = dt.date(2026, 3, 31)
NOW = dt.datetime(2026, 3, 31, 8, 0, tzinfo=dt.UTC)


def sums(stage: str, screened: int, amount: str, *, before: int = 0) -> DaySums:
    """Return what a stage came to, some days before the last."""
    return DaySums(
        day=DAY - dt.timedelta(days=before),
        stage=stage,
        screened=screened,
        held=0,
        rejected=0,
        hit=screened // 2,
        amount=Decimal(amount),
    )


def picture(
    *found: DaySums,
    days: int = 1,
    alerts: dict[tuple[dt.date, str], int] | None = None,
) -> Picture:
    """Return a picture of these sums, nothing else having happened."""
    return Picture(
        span=Span.ending(DAY, days),
        trend=Span.ending(DAY, TREND_DAYS),
        sums=found,
        alerts=alerts or {},
        waiting=0,
        oldest=None,
        hits=[],
        undetermined=[],
        latest=[],
        trips=[],
        titles={},
        catalogue=Status(active=None, edition=0, checked_at=None, trouble="", now=NOW),
        link=None,
    )


@pytest.mark.parametrize(
    ("found", "payments", "amount"),
    [
        ([], 0, "0"),
        ([sums("request", 3, "30"), sums("voucher", 2, "20")], 3, "30"),
        ([sums("voucher", 2, "20"), sums("receipt", 2, "25")], 2, "25"),
        # What was taken back leaves less at the stage that saw most.
        ([sums("request", 3, "5"), sums("voucher", 1, "20")], 3, "5"),
        ([sums("voucher", 1, "-8"), sums("receipt", 0, "0")], 1, "-8"),
        ([sums("voucher", 4, "40"), sums("voucher", 9, "90", before=1)], 4, "40"),
    ],
)
def test_payments_and_money_are_those_of_the_fullest_stage(
    found: list[DaySums], payments: int, amount: str
) -> None:
    shown = picture(*found)

    assert (shown.payments, shown.amount) == (payments, Decimal(amount))


def test_screenings_add_up_over_stages_and_days_of_the_span() -> None:
    shown = picture(
        sums("request", 3, "30"),
        sums("voucher", 2, "20"),
        sums("voucher", 5, "50", before=6),
        sums("voucher", 7, "70", before=7),
        days=7,
    )

    assert shown.total("screened") == 10
    assert shown.total("hit") == 4
    assert (shown.payments, shown.amount) == (7, Decimal(70))


def test_the_trend_has_every_day_and_nothing_on_days_without_payments() -> None:
    shown = picture(sums("voucher", 2, "20"), sums("voucher", 5, "50", before=29))

    assert shown.daily("screened") == [5, *[0] * 28, 2]
    assert shown.daily_amount() == [Decimal(50), *[Decimal(0)] * 28, Decimal(20)]


def test_a_day_on_which_only_money_came_back_is_below_zero() -> None:
    shown = picture(sums("voucher", 1, "-8.50"), sums("request", 1, "-8.50"))

    assert shown.daily_amount()[-1] == shown.amount == Decimal("-8.50")


def test_alerts_are_counted_by_severity_within_the_span() -> None:
    eve = DAY - dt.timedelta(days=1)
    found = {(DAY, "red"): 2, (eve, "red"): 3, (DAY, "yellow"): 1, (DAY, "record"): 9}

    shown = picture(alerts=found, days=2)

    assert (shown.alerted("red"), shown.alerted("grey")) == (5, 0)
    assert shown.all_alerts == 6
    assert shown.daily_alerts("red")[-2:] == [3, 2]


@pytest.mark.parametrize(("days", "since"), [(1, "03-31"), (7, "03-25"), (30, "03-02")])
def test_a_span_holds_its_last_day_and_as_many_days_as_asked(
    days: int, since: str
) -> None:
    span = Span.ending(DAY, days)

    assert len(span.days) == days
    assert f"{span.since:%m-%d}" == since
    assert span.days[-1] == DAY
