"""Units known only from a treasury's files: what the bank reported is what counts."""

from __future__ import annotations

import datetime as dt

import pytest
from screening_lab import COUNTY, ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text

from kuwei_node.alerts.service import Alerts
from kuwei_node.schedule.service import Scheduler
from kuwei_node.schedule.tasks import sweep
from kuwei_shared.rules.model import Schedule

pytestmark = pytest.mark.integration
RUSH = rule(
    "RUSH",
    "fact.month_paid >= 1000",
    subject="agency",
    explain="本月支付 {fact.month_paid} 元。",
    schedule=Schedule.MONTH_END,
)


@pytest.fixture
def lab(engine: Engine) -> ScreeningLab:
    lab = ScreeningLab(engine, effective(RUSH))
    lab.clock.moment = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    own = "INSERT INTO agency (agency_code, mof_div_code) VALUES ('101001', :c)"
    with lab.begin() as session:
        session.execute(text(own), {"c": COUNTY})
    return lab


def rushed(lab: ScreeningLab) -> list[tuple[str, str]]:
    sweep(lab.unit_of_work, Scheduler(lab.clock, lab.screening, Alerts(lab.clock)))
    question = text("SELECT operands ->> 'fact.month_paid', subject_key FROM alert")
    with lab.begin() as session:
        return [tuple(row) for row in session.execute(question)]


def test_receipts_of_a_unit_without_vouchers_count(lab: ScreeningLab) -> None:
    lab.screen(payment("P1", stage="receipt", pay_amt="1200.00"))

    assert rushed(lab) == [("1200.00", "101001")]


def test_a_receipt_does_not_count_a_voucher_twice(lab: ScreeningLab) -> None:
    lab.screen(payment("P1", stage="voucher", pay_amt="1200.00"))
    lab.screen(payment("P1", stage="receipt", pay_amt="1200.00"))

    assert rushed(lab) == [("1200.00", "101001")]
