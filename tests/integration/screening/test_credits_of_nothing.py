"""Taking back money that was never spent makes no room, whatever it is called."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from ledger_lab import changed_since, drift, refuse
from screening_lab import ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text

from kuwei_shared.rules.model import Severity

pytestmark = pytest.mark.integration
HELD = rule("H", "pay_amt = 6000", severity=Severity.RED)
BAD = rule("BAD", "payee_acct_no = 'bad'", severity=Severity.GREY)
FULL = rule(
    "B",
    "pay_amt + fact.bgt_used > appropriation.amount",
    requires=("bgt_id", "appropriation.amount"),
    severity=Severity.GREY,
)
Credit = Callable[..., dict[str, Any]]  # Any: payment fields


@pytest.fixture
def lab(engine: Engine) -> ScreeningLab:
    """A node with an appropriation of 7,000 yuan; payments of 6,000 are held."""
    lab = ScreeningLab(engine, effective(HELD, BAD, FULL))
    lab.appropriate("B1", "7000.00")
    return lab


@pytest.fixture(params=["refund", "correction", "reversal"])
def credit(request: pytest.FixtureRequest) -> Credit:
    """What makes credits of one kind, of the payment ``a``."""

    def make(amount: str, payment_id: str = "r", **changes: object) -> dict[str, Any]:
        own = {"entry_kind": request.param, "orig_payment_id": "a"}
        return payment(payment_id, pay_amt=amount, **(own | changes))

    return make


def holds(lab: ScreeningLab, amount: str, **changes: object) -> bool:
    """Tell whether there is room for exactly so much; it is used up then."""
    whole, fen = amount.split(".")
    over = lab.screen(payment("over", pay_amt=f"{whole}.{int(fen) + 1:02d}", **changes))
    fits = lab.screen(payment("fits", pay_amt=amount, **changes))
    return (over, fits) == (["reject"], ["pass"])


def test_a_credit_before_the_refusal_makes_no_room(
    lab: ScreeningLab, credit: Credit
) -> None:
    lab.screen(payment("a", pay_amt="6000.00"))
    lab.screen(credit("-6000.00"))

    refuse(lab, "a")

    assert drift(lab) == []
    assert holds(lab, "7000.00")


def test_of_what_came_back_in_part_the_rest_makes_room(
    lab: ScreeningLab, credit: Credit
) -> None:
    lab.screen(payment("a", pay_amt="6000.00"))
    lab.screen(credit("-1000.00"))
    lab.screen(credit("-0.50", "s"))

    refuse(lab, "a")

    assert drift(lab) == []
    assert holds(lab, "7000.00")
    assert changed_since(lab) == []


def test_a_credit_after_the_refusal_makes_no_room(
    lab: ScreeningLab, credit: Credit
) -> None:
    lab.screen(payment("a", pay_amt="6000.00"))
    refuse(lab, "a")

    assert lab.screen(credit("-6000.00")) == ["pass"]

    assert drift(lab) == []
    assert holds(lab, "7000.00")


def test_a_credit_of_what_a_rule_refused_makes_no_room(
    lab: ScreeningLab, credit: Credit
) -> None:
    assert lab.screen(payment("a", pay_amt="5500.00", payee_acct_no="bad")) == [
        "reject"
    ]

    assert lab.screen(credit("-5500.00")) == ["pass"]

    assert drift(lab) == []
    assert holds(lab, "7000.00")


@pytest.mark.parametrize("is_first", [False, True])
def test_a_credit_sent_with_its_refused_original_makes_no_room(
    lab: ScreeningLab, credit: Credit, *, is_first: bool
) -> None:
    a = payment("a", pay_amt="5500.00", payee_acct_no="bad")
    both = [credit("-5500.00"), a] if is_first else [a, credit("-5500.00")]

    decisions = lab.screen(*both, payment("b", pay_amt="7000.01"))

    assert sorted(decisions) == ["pass", "reject", "reject"]
    assert drift(lab) == []
    assert holds(lab, "7000.00")


@pytest.mark.parametrize("is_first", [False, True])
def test_a_credit_sent_with_its_original_makes_room_for_the_next(
    lab: ScreeningLab, credit: Credit, *, is_first: bool
) -> None:
    a = payment("a", pay_amt="5500.00")
    both = [credit("-5500.00"), a] if is_first else [a, credit("-5500.00")]

    assert lab.screen(*both, payment("b", pay_amt="7000.00")) == ["pass"] * 3

    assert drift(lab) == []
    assert changed_since(lab) == []


def test_a_credit_dated_before_what_came_with_it_makes_no_room(
    lab: ScreeningLab, credit: Credit
) -> None:
    early = credit("-5500.00", vou_date="2026-03-01")

    lab.screen(early, payment("a", pay_amt="5500.00"))

    assert holds(lab, "1500.00")
    assert drift(lab) == []


def test_a_credit_at_a_stage_that_paid_nothing_makes_no_room_there(
    lab: ScreeningLab, credit: Credit
) -> None:
    lab.screen(payment("a", pay_amt="5500.00"))

    lab.screen(credit("-5500.00", stage="voucher"))

    assert holds(lab, "7000.00", stage="voucher")
    assert drift(lab) == []


def test_refusing_a_voucher_counts_no_credit_of_its_request(
    lab: ScreeningLab, credit: Credit
) -> None:
    lab.screen(payment("a", pay_amt="5999.00"))
    lab.screen(credit("-1000.00"))
    lab.screen(payment("a", stage="voucher", pay_amt="6000.00"))

    refuse(lab, "a", "voucher")

    assert drift(lab) == []
    assert holds(lab, "7000.00")


def test_credits_and_the_refusal_at_once_make_no_room(
    lab: ScreeningLab, credit: Credit
) -> None:
    lab.screen(payment("a", pay_amt="6000.00"))
    with ThreadPoolExecutor(7) as pool:
        sent: list[Future[object]] = [
            pool.submit(lab.screen, credit("-1000.00", f"r{n}")) for n in range(6)
        ]
        sent.append(pool.submit(refuse, lab, "a"))

    assert [one.exception() for one in sent] == [None] * 7
    assert drift(lab) == []
    assert holds(lab, "7000.00")


def test_a_correction_upwards_of_a_refused_payment_uses_room_up(
    lab: ScreeningLab,
) -> None:
    lab.screen(payment("a", pay_amt="6000.00"))
    more = {"entry_kind": "correction", "orig_payment_id": "a"}
    lab.screen(payment("before", pay_amt="0.50", **more))
    refuse(lab, "a")

    assert lab.screen(payment("after", pay_amt="999.00", **more)) == ["pass"]

    assert holds(lab, "6000.50")
    assert drift(lab) == []


def test_a_refused_payment_and_its_credits_sum_to_nought(
    lab: ScreeningLab, credit: Credit
) -> None:
    lab.screen(payment("a", pay_amt="6000.00"))
    lab.screen(credit("-1000.00"))

    refuse(lab, "a")

    with lab.begin() as session:
        asked = "SELECT sum(pay_amt), count(*) - count(reversed_by) FROM payment"
        assert [tuple(row) for row in session.execute(text(asked))] == [(0, 0)]
