"""An alert of a scheduled rule is the sum of its days, however runs were cut."""

from __future__ import annotations

import datetime as dt

import pytest
from screening_lab import COUNTY, ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text

from kuwei_node.alerts.service import Alerts
from kuwei_node.schedule.service import Scheduler
from kuwei_node.schedule.tasks import sweep
from kuwei_shared.rules.model import Dedupe, Schedule, Severity

pytestmark = pytest.mark.integration
DAYS = ("2026-03-02", "2026-03-03", "2026-03-04")
MONTHLY = Dedupe(by=("agency_code",), window="month")
LARGE = rule("LARGE", "pay_amt > 10", schedule=Schedule.DAY_END, dedupe=MONTHLY)
RESIDUE = rule(
    "RESIDUE",
    "account_day.end_balance <> 0",
    subject="account_day",
    explain="日终余额 {account_day.end_balance} 元。",
    schedule=Schedule.DAY_END,
    dedupe=Dedupe(by=("account_day.acct_no",), window="month"),
)
AT_ONCE = rule("AT_ONCE", "pay_amt > 10", severity=Severity.YELLOW, dedupe=MONTHLY)


@pytest.fixture
def lab(engine: Engine) -> ScreeningLab:
    return ScreeningLab(engine, effective(LARGE))


def pay(lab: ScreeningLab, day: str, **changes: object) -> None:
    """Screen a voucher of 100.00 on a day."""
    named = {"payment_id": f"P{day}", "stage": "voucher", "vou_date": day}
    lab.screen(payment("") | named | changes)


def report(lab: ScreeningLab, day: str, *, balance: int) -> None:
    """Have the bank report, or correct, an account's balance on a day."""
    with lab.begin() as session:
        session.execute(
            text(
                "INSERT INTO account_day (acct_no, balance_date, mof_div_code,"
                " end_balance) VALUES ('Z1', :day, :code, :balance)"
                " ON CONFLICT (acct_no, balance_date) DO UPDATE"
                " SET end_balance = excluded.end_balance"
            ),
            {"day": day, "code": COUNTY, "balance": balance},
        )


def swept(lab: ScreeningLab, day: str) -> None:
    """Sweep early on a day."""
    lab.clock.moment = dt.datetime.fromisoformat(f"{day}T02:00:00+00:00")
    sweep(lab.unit_of_work, Scheduler(lab.clock, lab.screening, Alerts(lab.clock)))


def alerts(lab: ScreeningLab) -> list[tuple[str, int, str]]:
    """Return first day, hits and money of each alert."""
    question = "SELECT first_day::text, hit_count, hit_amount::text FROM alert"
    with lab.begin() as session:
        return [(row[0], row[1], row[2]) for row in session.execute(text(question))]


def moved(lab: ScreeningLab) -> list[str]:
    """Return the days whose figures must be counted again."""
    question = text("SELECT first_day::text FROM alert_move ORDER BY id")
    with lab.begin() as session:
        return list(session.scalars(question))


@pytest.mark.parametrize("sweeps", [["03-03", "03-04", "03-05"], ["03-05"]])
def test_a_month_is_counted_alike_run_daily_or_once(
    lab: ScreeningLab, sweeps: list[str]
) -> None:
    for day, following in zip(DAYS, ("03-03", "03-04", "03-05"), strict=True):
        pay(lab, day)
        if following in sweeps:
            swept(lab, f"2026-{following}")

    assert alerts(lab) == [("2026-03-02", 3, "300.00")]


def test_a_day_run_again_counts_once(lab: ScreeningLab) -> None:
    for day in DAYS:
        pay(lab, day)
    swept(lab, "2026-03-05")
    pay(lab, "2026-03-03", payment_id="late", pay_amt="50.00")

    swept(lab, "2026-03-06")

    assert alerts(lab) == [("2026-03-02", 4, "350.00")]


def test_an_alert_whose_hits_are_gone_is_withdrawn(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(RESIDUE))
    report(lab, "2026-03-02", balance=5)
    swept(lab, "2026-03-05")
    report(lab, "2026-03-02", balance=0)

    swept(lab, "2026-03-06")

    assert alerts(lab) == [("2026-03-02", 0, "0.00")]
    assert set(moved(lab)) == {"2026-03-02"}


def test_an_alert_withdrawn_comes_back_with_its_next_hit(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(RESIDUE))
    report(lab, "2026-03-02", balance=5)
    swept(lab, "2026-03-05")
    report(lab, "2026-03-02", balance=0)
    swept(lab, "2026-03-06")
    report(lab, "2026-03-06", balance=7)

    swept(lab, "2026-03-07")

    assert alerts(lab) == [("2026-03-06", 1, "0.00")]


def test_a_month_begins_with_its_first_day_whenever_that_came(
    lab: ScreeningLab,
) -> None:
    pay(lab, "2026-03-20")
    swept(lab, "2026-03-21")
    pay(lab, "2026-03-02")

    swept(lab, "2026-03-22")

    assert alerts(lab) == [("2026-03-02", 2, "200.00")]
    assert sorted(moved(lab)) == ["2026-03-02", "2026-03-20"]


def test_an_alert_raised_at_once_begins_with_its_first_day(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(AT_ONCE))
    pay(lab, "2026-03-20")

    pay(lab, "2026-03-02")

    assert alerts(lab) == [("2026-03-02", 2, "200.00")]
    assert sorted(moved(lab)) == ["2026-03-02", "2026-03-20"]
