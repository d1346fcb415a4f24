"""Refunds, corrections and reversals take back no more than was paid."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from screening_lab import ScreeningLab, effective, payment, rule
from sqlalchemy import Engine

from kuwei_shared.kernel.errors import Kind, KuweiError

pytestmark = pytest.mark.integration


@pytest.fixture
def lab(engine: Engine) -> ScreeningLab:
    """A node that knows one voucher of 100 yuan."""
    lab = ScreeningLab(engine, effective(rule("R", "pay_amt >= 5000")))
    lab.screen(payment("P", stage="voucher"))
    return lab


def credit(
    name: str, amount: str, orig: str = "P", **changes: object
) -> dict[str, Any]:
    """Return a correction: the one kind of credit that may have either sign."""
    own = {"entry_kind": "correction", "orig_payment_id": orig, "stage": "voucher"}
    return payment(name, pay_amt=amount, **(own | changes))


def test_what_was_paid_may_be_taken_back_in_parts(lab: ScreeningLab) -> None:
    lab.screen(credit("C1", "-60.00"), credit("C2", "-40.00", entry_kind="refund"))

    with pytest.raises(KuweiError, match=r"payment\.too_much_back") as told:
        lab.screen(credit("C3", "-0.01"))

    assert told.value.kind is Kind.CONFLICT
    assert "C3" in told.value.message
    assert "100.00" in told.value.message


@pytest.mark.parametrize(
    "rows",
    [
        [credit("C1", "-100.01")],
        [credit("C1", "-60.00"), credit("C2", "-60.00")],
        [credit("C1", "-100.01", stage="receipt")],
        [credit("C1", "-60.00"), credit("C2", "-0.01", orig="C1")],
        [credit("C1", "-60.00"), credit("C2", "60.01", orig="C1")],
    ],
    ids=["one", "together", "later stage", "by way of a credit", "credit undone"],
)
def test_nothing_of_a_request_that_takes_back_too_much_is_stored(
    lab: ScreeningLab, rows: Sequence[dict[str, Any]]
) -> None:
    with pytest.raises(KuweiError, match=r"payment\.too_much_back"):
        lab.screen(*rows)

    assert lab.count("payment") == 1


def test_the_same_credit_again_gets_the_same_answer(lab: ScreeningLab) -> None:
    lab.screen(credit("C1", "-100.00"))

    assert lab.screen(credit("C1", "-100.00")) == ["pass"]


def test_a_correction_upwards_makes_room(lab: ScreeningLab) -> None:
    lab.screen(credit("C1", "20.00"))

    assert lab.screen(credit("C2", "-120.00")) == ["pass"]


def test_an_original_nobody_reported_bounds_nothing(lab: ScreeningLab) -> None:
    assert lab.screen(credit("C1", "-999.00", orig="unknown")) == ["pass"]


def test_what_another_division_paid_is_not_taken_back_nor_told(
    lab: ScreeningLab,
) -> None:
    with pytest.raises(KuweiError, match=r"payment\.other_original") as told:
        lab.screen(credit("C1", "-1.00", mof_div_code="450102101"))

    assert "100.00" not in told.value.message


def test_of_simultaneous_credits_those_that_fit_together_pass(
    lab: ScreeningLab,
) -> None:
    def send(number: int) -> bool:
        try:
            lab.screen(credit(f"C{number}", "-30.00"))
        except KuweiError:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        passed = list(pool.map(send, range(12)))

    assert passed.count(True) == 3
