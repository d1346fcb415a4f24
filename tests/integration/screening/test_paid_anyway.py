"""A bank receipt of what was stopped: recorded, told of, and seen in the queue."""

from __future__ import annotations

import pytest
from ledger_lab import MINE, refuse, seq_of
from screening_lab import REVIEWER, ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text

from kuwei_node.alerts.domain import AlertDetail
from kuwei_node.alerts.service import AlertReading
from kuwei_node.catalogue.service.catalogues import Catalogues
from kuwei_node.holds.domain import QueueSearch
from kuwei_shared.kernel.pages import PageRequest
from kuwei_shared.rules.model import Severity

pytestmark = pytest.mark.integration
HELD = rule("H", "pay_amt = 6000", severity=Severity.RED)
BAD = rule("BAD", "payee_acct_no = 'bad'", severity=Severity.GREY)
RECEIPT = payment("a", stage="receipt", pay_amt="6000.00")


@pytest.fixture
def lab(engine: Engine) -> ScreeningLab:
    return ScreeningLab(engine, effective(HELD, BAD))


def told(lab: ScreeningLab) -> list[AlertDetail]:
    """Return the alerts on money that moved in spite of the node, as people read."""
    reading = AlertReading(catalogues=Catalogues(lab.clock))
    asked = text("SELECT id FROM alert WHERE rule_id = 'NODE-PAID' ORDER BY id")
    with lab.begin() as session:
        ids = list(session.scalars(asked))
        return [reading.find(session, MINE, one) for one in ids]


@pytest.mark.parametrize("stage", ["request", "voucher"])
def test_a_receipt_of_a_held_payment_raises_an_alert(
    lab: ScreeningLab, stage: str
) -> None:
    lab.screen(payment("a", stage=stage, pay_amt="6000.00"))

    assert lab.screen(RECEIPT) == ["pass"]

    [one] = told(lab)
    assert one.record.severity == "red"
    assert "支付 a" in one.sentence
    assert "6,000.00" in one.sentence
    assert "尚在暂缓" in one.sentence


def test_a_receipt_of_what_a_person_refused_raises_an_alert(lab: ScreeningLab) -> None:
    lab.screen(payment("a", pay_amt="6000.00"))
    refuse(lab, "a")

    assert lab.screen(RECEIPT) == ["pass"]

    [one] = told(lab)
    assert "已被拒付" in one.sentence


def test_a_receipt_of_what_a_rule_refused_raises_an_alert(lab: ScreeningLab) -> None:
    lab.screen(payment("a", payee_acct_no="bad"))

    assert lab.screen(payment("a", stage="receipt")) == ["pass"]

    [one] = told(lab)
    assert "已被拒付" in one.sentence


def test_a_receipt_sent_with_what_is_held_raises_an_alert(lab: ScreeningLab) -> None:
    assert lab.screen(RECEIPT, payment("a", pay_amt="6000.00")) == ["pass", "hold"]

    assert len(told(lab)) == 1


def test_the_receipt_sent_again_raises_no_second_alert(lab: ScreeningLab) -> None:
    lab.screen(payment("a", pay_amt="6000.00"))
    lab.screen(RECEIPT)

    assert lab.screen(RECEIPT) == ["pass"]

    assert [one.record.hit_count for one in told(lab)] == [1]


def test_a_receipt_of_what_went_on_raises_none(lab: ScreeningLab) -> None:
    lab.screen(payment("a", pay_amt="6000.00"), payment("b"))
    with lab.begin() as session:
        lab.holds.release(session, MINE, 1, by=REVIEWER, reason="已电话核实")

    assert lab.screen(RECEIPT, payment("b", stage="receipt")) == ["pass", "pass"]

    assert told(lab) == []


def test_the_alert_leads_to_the_receipt_and_to_nobody_elses(lab: ScreeningLab) -> None:
    lab.screen(payment("a", pay_amt="6000.00"))
    lab.screen(RECEIPT)
    reading = AlertReading(catalogues=Catalogues(lab.clock))
    [one] = told(lab)

    with lab.begin() as session:
        page = reading.payments(session, MINE, one, PageRequest())

    assert [row.seq for row in page.rows] == [seq_of(lab, "a", "receipt")]


def test_the_queue_says_which_held_payments_were_paid(lab: ScreeningLab) -> None:
    lab.screen(payment("a", pay_amt="6000.00"), payment("b", pay_amt="6000.00"))
    lab.screen(RECEIPT)

    with lab.begin() as session:
        page = lab.holds.queue(session, MINE, QueueSearch(), PageRequest())

    paid = {row.payment_id: (row.is_paid, row.paid_title) for row in page.rows}
    assert paid == {"a": (True, "是"), "b": (False, "")}
