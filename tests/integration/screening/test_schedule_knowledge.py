"""Scheduled rules judge by the reference data known when they run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pyarrow as pa
import pytest
from screening_lab import COUNTY, ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text

from kuwei_node.alerts.service import Alerts
from kuwei_node.reference.service import Delivery, ReferenceService
from kuwei_node.schedule.domain import Knowledge
from kuwei_node.schedule.service import Scheduler
from kuwei_node.schedule.tasks import sweep
from kuwei_shared.rules.model import Dedupe, Schedule

pytestmark = pytest.mark.integration
GRANTED = rule(
    "GRANTED",
    "appropriation.amount > 0",
    subject="appropriation",
    explain="额度 {appropriation.amount} 元。",
    schedule=Schedule.DAY_END,
    dedupe=Dedupe(by=("appropriation.bgt_id",), window="day"),
)


@pytest.fixture
def lab(engine: Engine) -> ScreeningLab:
    return ScreeningLab(engine, effective(GRANTED))


def swept(lab: ScreeningLab, day: str) -> int:
    """Sweep early on a day; return the runs done."""
    lab.clock.moment = dt.datetime.fromisoformat(f"{day}T02:00:00+00:00")
    scheduler = Scheduler(lab.clock, lab.screening, Alerts(lab.clock))
    return sweep(lab.unit_of_work, scheduler)


def load(lab: ScreeningLab, day: str, bgt_id: str) -> None:
    """Load one appropriation on a day."""
    lab.clock.moment = dt.datetime.fromisoformat(f"{day}T03:00:00+00:00")
    row = {"line": [1], "bgt_id": [bgt_id], "agency_code": ["101001"]}
    row |= {"amount": ["100.00"], "fiscal_year": ["2026"]}
    delivery = Delivery(
        entity="appropriation",
        source="指标.csv",
        batches=[(pa.table(row), [])],
        by="数据岗",
        mof_div_code=COUNTY,
    )
    with lab.begin() as session:
        ReferenceService(lab.clock).load(session, delivery)


def alerted(lab: ScreeningLab) -> Sequence[tuple[str, str]]:
    question = text("SELECT subject_key, first_day::text FROM alert ORDER BY 2, 1")
    with lab.begin() as session:
        return [(row[0], row[1]) for row in session.execute(question)]


def test_what_is_loaded_after_the_last_payment_is_judged(lab: ScreeningLab) -> None:
    lab.screen(payment("a", stage="voucher"))
    load(lab, "2026-03-09", "B9")

    swept(lab, "2026-03-10")

    assert ("B9", "2026-03-09") in alerted(lab)


def test_a_node_without_payments_runs_from_the_first_load_on(
    lab: ScreeningLab,
) -> None:
    load(lab, "2026-03-09", "B9")

    swept(lab, "2026-03-10")

    days = [day for _, day in alerted(lab)]
    assert (days[0], days[-1]) == ("2026-02-01", "2026-03-09")


def test_days_already_run_are_run_again_by_what_is_known_since(
    lab: ScreeningLab,
) -> None:
    lab.screen(payment("a", stage="voucher", vou_date="2026-03-05"))
    swept(lab, "2026-03-10")
    load(lab, "2026-03-10", "B9")

    swept(lab, "2026-03-11")

    assert ("B9", "2026-03-05") in alerted(lab)
    assert swept(lab, "2026-03-11") == 0


def test_a_later_load_leaves_days_long_past_as_they_were(lab: ScreeningLab) -> None:
    load(lab, "2026-01-05", "B1")
    swept(lab, "2026-06-20")
    load(lab, "2026-06-20", "B2")

    swept(lab, "2026-06-21")

    assert next(day for key, day in alerted(lab) if key == "B2") == "2026-05-01"


def test_a_mark_does_not_change_as_time_goes_by() -> None:
    known = Knowledge(begun=1, months=((dt.date(2026, 1, 1), 7),))

    later = Knowledge(begun=1, months=(*known.months, (dt.date(2026, 3, 1), 9)))

    for day in (dt.date(2025, 11, 30), dt.date(2025, 12, 1), dt.date(2026, 1, 31)):
        assert later.mark_of(day) == known.mark_of(day)
    assert later.mark_of(dt.date(2026, 2, 1)) == " known:9"
