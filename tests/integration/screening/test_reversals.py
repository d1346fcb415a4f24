"""What a refusal takes back is taken back once, at every stage and in every fact."""

from __future__ import annotations

from typing import Any

import pytest
from screening_lab import COUNTY, REVIEWER, ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text

from kuwei_shared.identity import scope
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.model import Rule, Severity

pytestmark = pytest.mark.integration
MINE = scope.of_jurisdictions([COUNTY])
REQUEST_HELD = rule("HR", "pay_amt >= 5000", severity=Severity.RED, stages=("request",))
VOUCHER_HELD = rule("HV", "pay_amt >= 5000", severity=Severity.RED, stages=("voucher",))
HELD = rule("H", "pay_amt >= 5000", severity=Severity.RED)
FULL = rule(
    "B",
    "pay_amt + fact.bgt_used > appropriation.amount",
    requires=("bgt_id", "appropriation.amount"),
    severity=Severity.GREY,
)
AGAIN = rule("A", "fact.same_amount_30d > 0", severity=Severity.GREY)
INVOICED = rule("I", "fact.invoice_amount_paid > 0", severity=Severity.GREY)
CARD = rule("C", "fact.card_day_sum >= 6000", severity=Severity.GREY)
LARGEST = rule("M", "fact.card_day_max >= 6000", severity=Severity.GREY)


def refuse(lab: ScreeningLab, seq: int) -> None:
    with lab.begin() as session:
        lab.holds.refuse(session, MINE, seq, by=REVIEWER, reason="合同未签订")


def net(lab: ScreeningLab) -> list[tuple[str, str]]:
    question = text(
        "SELECT stage, sum(pay_amt)::text FROM payment GROUP BY 1 ORDER BY 1"
    )
    with lab.begin() as session:
        return [tuple(row) for row in session.execute(question)]


def states(lab: ScreeningLab) -> list[str]:
    with lab.begin() as session:
        return list(session.scalars(text("SELECT state FROM hold ORDER BY 1")))


def test_refusing_a_voucher_gives_back_its_request_too(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(VOUCHER_HELD, FULL))
    lab.appropriate("B1", "6000.00")
    lab.screen(payment("a", pay_amt="6000.00"))
    assert lab.screen(payment("a", stage="voucher", pay_amt="6000.00")) == ["hold"]

    refuse(lab, 2)

    assert net(lab) == [("request", "0.00"), ("voucher", "0.00")]
    assert lab.screen(payment("next", pay_amt="6000.00")) == ["pass"]


def test_a_request_refused_before_is_not_reversed_again(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(HELD))
    lab.screen(payment("a", pay_amt="6000.00"))
    lab.screen(payment("a", stage="voucher", pay_amt="6000.00"))
    refuse(lab, 1)

    refuse(lab, 2)

    assert net(lab) == [("request", "0.00"), ("voucher", "0.00")]
    assert lab.count("payment") == 4


def test_refusing_a_voucher_refuses_its_held_request(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(HELD))
    lab.screen(payment("a", pay_amt="6000.00"))
    lab.screen(payment("a", stage="voucher", pay_amt="6000.00"))

    refuse(lab, 2)

    assert states(lab) == ["refused", "refused"]


@pytest.mark.parametrize(
    ("counting", "probe"),
    [(AGAIN, "6000.00"), (INVOICED, "6000.00"), (CARD, "10.00"), (LARGEST, "10.00")],
    ids=lambda given: getattr(given, "id", given),
)
def test_no_fact_counts_a_payment_that_was_refused(
    engine: Engine, counting: Rule, probe: str
) -> None:
    lab = ScreeningLab(engine, effective(HELD))
    same = {"invoice_no": "I1", "card_no": "K1", "merchant_name": "超市"}
    lab.screen(payment("a", pay_amt="6000.00", **same))
    lab.catalogues.now = effective(counting, release="later")
    before = lab.screen(payment("b", pay_amt=probe, **same))

    refuse(lab, 1)

    assert before == ["reject"]
    assert lab.screen(payment("c", pay_amt=probe, **same)) == ["pass"]


def test_an_earlier_answer_still_counts_what_was_refused_later(
    engine: Engine,
) -> None:
    lab = ScreeningLab(engine, effective(HELD, AGAIN, FULL))
    lab.appropriate("B1", "6000.00")
    lab.screen(payment("a", pay_amt="6000.00"))
    lab.screen(payment("b", pay_amt="6000.00"))
    refuse(lab, 1)
    lab.screen(payment("c", pay_amt="6000.00"))

    with lab.begin() as session:
        pairs = lab.screening.rescreen(session, [1, 2, 4])

    assert len({kept.outcomes for kept, _ in pairs}) == 2
    assert all(kept.outcomes == judged.outcomes for kept, judged in pairs)


def reversal(amount: str) -> dict[str, Any]:  # Any: payment fields
    return payment("r", pay_amt=amount, entry_kind="reversal", orig_payment_id="a")


def test_what_the_payment_system_reversed_is_not_reversed_again(
    engine: Engine,
) -> None:
    lab = ScreeningLab(engine, effective(HELD))
    lab.screen(payment("a", pay_amt="6000.00"))
    lab.screen(reversal("-6000.00"))

    refuse(lab, 1)

    assert net(lab) == [("request", "0.00")]


@pytest.mark.parametrize("severity", [Severity.RED, Severity.GREY])
def test_reversing_what_was_refused_credits_nothing(
    engine: Engine, severity: Severity
) -> None:
    stopping = rule("S", "pay_amt = 6000", severity=severity)
    lab = ScreeningLab(engine, effective(stopping, FULL))
    lab.appropriate("B1", "6000.00")
    if lab.screen(payment("a", pay_amt="6000.00")) == ["hold"]:
        refuse(lab, 1)

    lab.screen(reversal("-6000.00"))

    assert lab.screen(payment("b", pay_amt="6000.01")) == ["reject"]
    assert lab.screen(payment("c", pay_amt="5999.99")) == ["pass"]


def test_of_what_was_reversed_in_part_the_rest_is(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(HELD, FULL))
    lab.appropriate("B1", "6000.00")
    lab.screen(payment("a", pay_amt="6000.00"))
    lab.screen(reversal("-1000.00"))

    refuse(lab, 1)

    assert net(lab) == [("request", "0.00")]
    assert lab.screen(payment("b", pay_amt="4000.00")) == ["pass"]
    assert lab.screen(payment("c", pay_amt="2000.01")) == ["reject"]


def test_no_id_a_client_sends_is_a_reversals(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(HELD))
    lab.screen(payment("a", pay_amt="6000.00"))
    lab.screen(payment("a#reversal"))

    refuse(lab, 1)

    assert states(lab) == ["refused"]


@pytest.mark.parametrize("is_refused", [False, True])
def test_a_voucher_waits_for_its_request(engine: Engine, *, is_refused: bool) -> None:
    lab = ScreeningLab(engine, effective(REQUEST_HELD))
    lab.screen(payment("a", pay_amt="6000.00"))
    assert lab.screen(payment("a", stage="voucher", pay_amt="6000.00")) == ["hold"]
    if is_refused:
        refuse(lab, 1)

    with lab.begin() as session, pytest.raises(KuweiError, match="earlier_stage"):
        lab.holds.release(session, MINE, 2, by=REVIEWER, reason="已电话核实")

    assert "released" not in states(lab)


def test_a_voucher_goes_on_once_its_request_did(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(HELD))
    lab.screen(payment("a", pay_amt="6000.00"))
    lab.screen(payment("a", stage="voucher", pay_amt="6000.00"))

    with lab.begin() as session:
        for seq in (1, 2):
            lab.holds.release(session, MINE, seq, by=REVIEWER, reason="已电话核实")

    assert states(lab) == ["released", "released"]
