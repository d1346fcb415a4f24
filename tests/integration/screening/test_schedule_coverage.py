"""Which days and months are run: all that are over, as they are now, to the end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Never

import pytest
from psycopg2.errors import QueryCanceled
from screening_lab import COUNTY, ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kuwei_node.alerts.service import Alerts
from kuwei_node.schedule.domain import MONTHS_BACK, RunRow, RunSearch, Stretch, due
from kuwei_node.schedule.service import PAUSE, REST, Scheduler
from kuwei_node.schedule.tasks import run_one, sweep
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import PageRequest
from kuwei_shared.rules.model import Dedupe, Schedule

pytestmark = pytest.mark.integration
LARGE = rule(
    "LARGE",
    "pay_amt >= 1000",
    schedule=Schedule.DAY_END,
    dedupe=Dedupe(by=("payment_id",), window="day"),
)
RESIDUE = rule(
    "RESIDUE",
    "account_day.end_balance <> 0",
    subject="account_day",
    explain="日终余额 {account_day.end_balance} 元。",
    schedule=Schedule.DAY_END,
)
CASH = rule(
    "CASH",
    "fact.cash_day_sum >= 200",
    subject="agency",
    explain="当日提现 {fact.cash_day_sum} 元。",
    schedule=Schedule.DAY_END,
)
NOTHING: dict[Schedule, dict[dt.date, str | None]] = {one: {} for one in Schedule}


@pytest.fixture
def lab(engine: Engine) -> ScreeningLab:
    lab = ScreeningLab(engine, effective(LARGE, RESIDUE, CASH))
    lab.clock.moment = dt.datetime(2026, 3, 10, tzinfo=dt.UTC)
    return lab


@pytest.fixture
def scheduler(lab: ScreeningLab) -> Scheduler:
    return Scheduler(lab.clock, lab.screening, Alerts(lab.clock))


def large(payment_id: str, day: str) -> dict[str, Any]:  # Any: payment fields
    return payment(payment_id, stage="voucher", vou_date=day, pay_amt="2000.00")


def alerted(lab: ScreeningLab, rule_id: str) -> Sequence[str]:
    question = text("SELECT subject_key FROM alert WHERE rule_id = :r ORDER BY 1")
    with lab.begin() as session:
        return session.scalars(question, {"r": rule_id}).all()


def runs(lab: ScreeningLab, scheduler: Scheduler, **search: str) -> list[RunRow]:
    with lab.begin() as session:
        page = scheduler.runs(session, RunSearch(**search), PageRequest())
        return list(page.rows)


def report(lab: ScreeningLab, acct_no: str, balance: int = 5) -> None:
    with lab.begin() as session:
        session.execute(
            text(
                "INSERT INTO account_day (acct_no, balance_date, mof_div_code,"
                " agency_code, end_balance) VALUES (:a, '2026-03-05', :c, 'A', :b)"
                " ON CONFLICT (acct_no, balance_date) DO UPDATE SET end_balance = :b"
            ),
            {"a": acct_no, "b": balance, "c": COUNTY},
        )


def test_a_month_is_closed_though_nothing_was_paid_on_its_last_day(
    lab: ScreeningLab, scheduler: Scheduler
) -> None:
    lab.screen(large("P1", "2026-03-05"))
    sweep(lab.unit_of_work, scheduler)
    lab.clock.moment = dt.datetime(2026, 5, 2, tzinfo=dt.UTC)

    sweep(lab.unit_of_work, scheduler)

    closed = runs(lab, scheduler, schedule="month_end")
    assert [str(one.last_day) for one in closed] == ["2026-04-30", "2026-03-31"]
    assert {one.state_title for one in closed} == {"已完成"}


def test_what_arrives_while_a_node_catches_up_is_read(
    lab: ScreeningLab, scheduler: Scheduler
) -> None:
    lab.screen(large("P1", "2026-01-05"), large("P2", "2026-02-05"))
    with lab.begin() as session:
        scheduler.ask_for_due(session)
    run_one(lab.unit_of_work, scheduler)
    lab.screen(large("P3", "2026-01-06"))
    while run_one(lab.unit_of_work, scheduler):
        pass

    sweep(lab.unit_of_work, scheduler)

    assert alerted(lab, "LARGE") == ["P1", "P2", "P3"]


def test_what_is_committed_after_later_numbers_is_read(
    lab: ScreeningLab, scheduler: Scheduler
) -> None:
    lab.screen(large("P0", "2026-03-04"))
    with lab.begin() as slow:
        lab.ledger.append(slow, [large("P1", "2026-03-05")])
        lab.screen(large("P2", "2026-03-05") | {"agency_code": "202002"})
        sweep(lab.unit_of_work, scheduler)

    sweep(lab.unit_of_work, scheduler)

    assert alerted(lab, "LARGE") == ["P0", "P1", "P2"]
    assert sweep(lab.unit_of_work, scheduler) == 0


def test_a_bank_report_is_judged_without_any_payment(
    lab: ScreeningLab, scheduler: Scheduler
) -> None:
    report(lab, "Z1")

    sweep(lab.unit_of_work, scheduler)

    assert alerted(lab, "RESIDUE") == ["Z1|2026-03-05"]


def test_a_report_that_comes_late_or_is_corrected_has_its_day_run_again(
    lab: ScreeningLab, scheduler: Scheduler
) -> None:
    report(lab, "Z1", balance=0)
    sweep(lab.unit_of_work, scheduler)
    report(lab, "Z2")
    sweep(lab.unit_of_work, scheduler)
    report(lab, "Z1")
    sweep(lab.unit_of_work, scheduler)

    assert alerted(lab, "RESIDUE") == ["Z1|2026-03-05", "Z2|2026-03-05"]
    assert sweep(lab.unit_of_work, scheduler) == 0


def test_catching_up_judges_a_unit_at_the_end_of_every_day(
    lab: ScreeningLab, scheduler: Scheduler
) -> None:
    own = "INSERT INTO agency (agency_code, mof_div_code) VALUES ('101001', :c)"
    with lab.begin() as session:
        session.execute(text(own), {"c": COUNTY})
    cash = {"stage": "voucher", "set_mode_code": "4"}
    for number, day in enumerate(("03-03", "03-03", "03-06", "03-06")):
        lab.screen(payment(f"P{number}", **cash, vou_date=f"2026-{day}"))

    sweep(lab.unit_of_work, scheduler)

    with lab.begin() as session:
        days = session.scalars(text("SELECT first_day FROM alert ORDER BY 1")).all()
    assert [day.day for day in days] == [3, 6]


class _Breaking:
    """Fulfils the Compiled port with an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def in_force(self, session: Session) -> Never:
        del session
        raise self.error


AWAY = KuweiError("database.busy", "数据库暂不可用。", kind=Kind.UNAVAILABLE)


def broken(lab: ScreeningLab, error: Exception) -> Scheduler:
    return Scheduler(lab.clock, _Breaking(error), Alerts(lab.clock))


def test_a_bug_in_a_run_is_kept_by_its_class(
    lab: ScreeningLab, scheduler: Scheduler
) -> None:
    lab.screen(large("P1", "2026-03-05"))
    with lab.begin() as session:
        scheduler.ask_for_due(session)

    run_one(lab.unit_of_work, broken(lab, LookupError("secret")))

    (failed,) = runs(lab, scheduler, state="failed")
    assert failed.failure is not None
    assert "LookupError" in failed.failure
    assert "secret" not in failed.failure


def too_slow() -> KuweiError:
    """Return what a unit of work makes of a statement that took too long."""
    error = KuweiError("database.busy", "数据库暂不可用。", kind=Kind.UNAVAILABLE)
    error.__cause__ = DBAPIError("SELECT", None, QueryCanceled())
    return error


@pytest.mark.parametrize(
    ("error", "alerted_at_once"),
    [(AWAY, ["P1"]), (LookupError("bug"), []), (too_slow(), [])],
)
def test_a_failed_run_rests_unless_something_was_away(
    lab: ScreeningLab,
    scheduler: Scheduler,
    error: Exception,
    alerted_at_once: list[str],
) -> None:
    lab.screen(large("P1", "2026-03-05"))
    with lab.begin() as session:
        scheduler.ask_for_due(session)
    run_one(lab.unit_of_work, broken(lab, error))

    sweep(lab.unit_of_work, scheduler)
    at_once = alerted(lab, "LARGE")
    lab.clock.advance(PAUSE)
    sweep(lab.unit_of_work, scheduler)

    assert at_once == alerted_at_once
    assert alerted(lab, "LARGE") == ["P1"]


def test_a_sweep_ends_when_something_is_away(
    lab: ScreeningLab, scheduler: Scheduler
) -> None:
    lab.screen(large("P1", "2026-03-05"))
    with lab.begin() as session:
        scheduler.ask_for_due(session)

    goes_on = run_one(lab.unit_of_work, broken(lab, AWAY))

    assert not goes_on
    (failed,) = runs(lab, scheduler, state="failed")
    assert failed.failure == str(AWAY)


def test_an_abandoned_run_says_so_and_is_tried_again_after_a_rest(
    lab: ScreeningLab, scheduler: Scheduler
) -> None:
    lab.screen(large("P1", "2026-03-05"))
    for _ in range(6):
        with lab.begin() as session:
            scheduler.ask_for_due(session)
            scheduler.claim(session)
        lab.clock.advance(dt.timedelta(minutes=16))

    (abandoned,) = runs(lab, scheduler, state="abandoned")
    lab.clock.advance(REST)
    sweep(lab.unit_of_work, scheduler)

    assert abandoned.state_title == "已放弃"
    assert abandoned.failure == "上一次运行中途停止,没有留下原因。"
    assert runs(lab, scheduler, state="abandoned") == []
    assert alerted(lab, "LARGE") == ["P1"]


def test_stretches_stay_inside_months() -> None:
    marks = {dt.date(2026, 1, 30): "1"}

    wanted = list(due(marks, NOTHING, dt.date(2026, 3, 3)))

    assert _days(wanted, Schedule.DAY_END) == [
        "01-30/01-31",
        "02-01/02-28",
        "03-01/03-02",
    ]
    assert _days(wanted, Schedule.MONTH_END) == ["01-01/01-31", "02-01/02-28"]


def test_only_months_that_hold_something_are_run_of_long_ago() -> None:
    marks = {dt.date(1999, 5, 7): "1"}

    wanted = list(due(marks, NOTHING, dt.date(2026, 3, 3)))

    assert _days(wanted, Schedule.DAY_END)[:2] == ["05-07/05-07", "03-01/03-31"]
    assert len(_days(wanted, Schedule.MONTH_END)) == MONTHS_BACK + 1


def test_days_an_open_run_covers_are_not_asked_for_twice() -> None:
    marks = {dt.date(2026, 3, 1): "1"}
    read = NOTHING | {Schedule.DAY_END: {dt.date(2026, 3, 1): None}}

    wanted = list(due(marks, read, dt.date(2026, 3, 3)))

    assert _days(wanted, Schedule.DAY_END) == ["03-02/03-02"]


def _days(wanted: list[Stretch], schedule: Schedule) -> list[str]:
    return [
        f"{one.first:%m-%d}/{one.last:%m-%d}"
        for one in wanted
        if one.schedule is schedule
    ]
