"""Money comes back where it was spent, and stages of a payment stay in one place."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_lab import MINE, refuse, seq_of
from screening_lab import REVIEWER, ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text

from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rules.model import Severity

pytestmark = pytest.mark.integration
TOWN = "450102101"
HELD = rule("H", "pay_amt = 6000", severity=Severity.RED, stages=("request",))
VOUCHER_HELD = rule("V", "pay_amt = 6000", severity=Severity.RED, stages=("voucher",))
FULL = rule(
    "B",
    "pay_amt + fact.bgt_used > appropriation.amount",
    requires=("bgt_id", "appropriation.amount"),
    severity=Severity.GREY,
)
PLACE = {"pro_code": "P1", "contract_no": "C1"}
ELSEWHERE = [
    ("agency_code", "102001", "预算单位"),
    ("bgt_id", "B2", "预算指标"),
    ("pro_code", "P2", "项目"),
    ("contract_no", "C2", "采购合同"),
]
APART = [
    ("fiscal_year", 2027, "预算年度"),
    ("mof_div_code", TOWN, "财政区划"),
    ("agency_code", "102001", "预算单位"),
    ("bgt_id", "B2", "预算指标"),
]


@pytest.fixture
def lab(engine: Engine) -> ScreeningLab:
    """A node with two appropriations of 7,000 yuan."""
    lab = ScreeningLab(engine, effective(HELD, VOUCHER_HELD, FULL))
    lab.appropriate("B1", "7000.00")
    lab.appropriate("B2", "7000.00")
    return lab


def credit(amount: str, payment_id: str = "r", **changes: object) -> dict[str, Any]:
    """Return a correction of the payment ``a``."""
    own = {"entry_kind": "correction", "orig_payment_id": "a", "pay_amt": amount}
    return payment(payment_id, **(PLACE | own | changes))


@pytest.mark.parametrize("kind", ["refund", "correction", "reversal"])
@pytest.mark.parametrize(("field", "value", "said"), ELSEWHERE)
def test_what_is_taken_back_lies_where_it_was_paid(
    lab: ScreeningLab, kind: str, field: str, value: str, said: str
) -> None:
    lab.screen(payment("a", pay_amt="5500.00", **PLACE))
    elsewhere = {"entry_kind": kind, field: value}

    with pytest.raises(KuweiError, match=r"payment\.other_place") as told:
        lab.screen(credit("-5500.00", **elsewhere))

    assert told.value.kind is Kind.CONFLICT
    assert said in told.value.message
    assert lab.count("payment") == 1


def test_what_the_original_does_not_say_is_not_taken_back(lab: ScreeningLab) -> None:
    lab.screen(payment("a", pay_amt="5500.00"))

    with pytest.raises(KuweiError, match=r"payment\.other_place"):
        lab.screen(credit("-5500.00"))


def test_a_credit_that_names_no_appropriation_opens_none(lab: ScreeningLab) -> None:
    lab.screen(payment("a", pay_amt="5500.00", **PLACE))

    assert lab.screen(credit("-5500.00", bgt_id=None)) == ["pass"]

    assert lab.screen(payment("b", pay_amt="1500.01")) == ["reject"]


def test_a_receipt_names_what_its_request_named(lab: ScreeningLab) -> None:
    lab.screen(payment("a", pay_amt="5500.00", **PLACE))
    lab.screen(payment("a", pay_amt="5500.00", stage="receipt"))

    assert lab.screen(credit("-5500.00", stage="receipt")) == ["pass"]


def test_a_pair_of_corrections_moves_a_payment(lab: ScreeningLab) -> None:
    lab.screen(payment("a", pay_amt="5500.00", **PLACE))

    moved = lab.screen(credit("-5500.00"), credit("5500.00", "s", bgt_id="B2"))

    assert moved == ["pass", "pass"]
    assert lab.screen(payment("b", pay_amt="7000.00")) == ["pass"]
    assert lab.screen(payment("c", pay_amt="1500.01", bgt_id="B2")) == ["reject"]


def test_what_was_moved_makes_no_room_where_it_came_from(lab: ScreeningLab) -> None:
    lab.screen(payment("a", pay_amt="100.00", **PLACE))
    lab.screen(credit("5000.00", bgt_id="B2"))

    with pytest.raises(KuweiError, match=r"payment\.too_much_back"):
        lab.screen(credit("-100.01", "s"))

    assert lab.screen(credit("-100.00", "s")) == ["pass"]
    assert lab.screen(credit("1.00", "t", bgt_id="B2")) == ["pass"]


@pytest.mark.parametrize("stage", ["voucher", "receipt"])
@pytest.mark.parametrize(("field", "value", "said"), APART)
def test_stages_of_one_payment_lie_in_one_place(
    lab: ScreeningLab, stage: str, field: str, value: object, said: str
) -> None:
    lab.screen(payment("a", pay_amt="6000.00"))
    refuse(lab, "a")

    with pytest.raises(KuweiError, match=r"payment\.stages_differ") as told:
        lab.screen(payment("a", stage=stage, **{field: value}))

    assert said in told.value.message
    assert told.value.kind is Kind.CONFLICT


@pytest.mark.parametrize(("field", "value", "said"), APART)
def test_stages_sent_together_lie_in_one_place(
    lab: ScreeningLab, field: str, value: object, said: str
) -> None:
    later = payment("a", stage="voucher", **{field: value})

    with pytest.raises(KuweiError, match=said):
        lab.screen(payment("a"), later)

    assert lab.count("payment") == 0


def test_a_stage_may_leave_the_appropriation_out(lab: ScreeningLab) -> None:
    lab.screen(payment("a"))

    assert lab.screen(payment("a", stage="receipt", bgt_id=None)) == ["pass"]


def test_a_repeat_is_known_beside_another_year_of_its_id(lab: ScreeningLab) -> None:
    lab.screen(payment("a"))
    past = payment("a", fiscal_year=2025, vou_date="2025-03-05", pay_amt="7.00")
    with lab.begin() as session:
        lab.ledger.append(session, [past, past | {"stage": "voucher"}])

    assert lab.screen(payment("a")) == ["pass"]

    with pytest.raises(KuweiError, match=r"payment\.conflict"):
        lab.screen(payment("a", pay_amt="8.00"))


def test_a_hold_stops_a_voucher_whatever_year_files_brought(lab: ScreeningLab) -> None:
    lab.screen(payment("a", pay_amt="6000.00"))
    with lab.begin() as session:
        lab.ledger.append(session, [payment("a", fiscal_year=2027)])

    voucher = payment("a", stage="voucher", fiscal_year=2027)

    assert lab.screen(voucher) == ["hold"]
    seq = seq_of(lab, "a", "voucher")
    with lab.begin() as session, pytest.raises(KuweiError, match="earlier_stage"):
        lab.holds.release(session, MINE, seq, by=REVIEWER, reason="已电话核实")


def test_refusing_a_voucher_leaves_another_divisions_request_alone(
    lab: ScreeningLab,
) -> None:
    with lab.begin() as session:
        town = {"mof_div_code": TOWN, "agency_code": "T1"}
        lab.ledger.append(session, [payment("a", **town)])
        brought = payment("a", stage="voucher", pay_amt="6000.00")
        seq = lab.ledger.append(session, [brought])["a", "voucher"]
        lab.holds.open_for(session, [seq])

    refuse(lab, "a", "voucher")

    with lab.begin() as session:
        asked = text("SELECT reversed_by FROM payment WHERE stage = 'request'")
        assert session.scalars(asked).all() == [None]
