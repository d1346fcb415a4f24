"""What files say of payments the node stopped: no room for credits, an alert."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engines_lab import FilledNode
from ledger_lab import drift, refuse
from screening_lab import COUNTY, effective, payment, rule
from sqlalchemy import Engine

from kuwei_shared.rules.model import Severity

pytestmark = pytest.mark.integration
HELD = rule("H", "pay_amt = 6000", severity=Severity.RED)
FULL = rule(
    "B",
    "pay_amt + fact.bgt_used > appropriation.amount",
    requires=("bgt_id", "appropriation.amount"),
    severity=Severity.GREY,
)
KINDS = ["refund", "correction", "reversal"]


@pytest.fixture
def node(new_engine: Callable[[], Engine]) -> FilledNode:
    """A node with 7,000 yuan to spend that refused a payment of 6,000."""
    node = FilledNode(new_engine(), effective(HELD, FULL))
    node.appropriate("B1", "7000.00")
    node.screen(payment("a", pay_amt="6000.00"))
    refuse(node, "a")
    return node


def bring(node: FilledNode, folder: Path, *rows: dict[str, Any]) -> None:
    """Import payments from a file (Any: payment fields)."""
    path = folder / "支付.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        written = csv.DictWriter(file, list(rows[-1]))
        written.writeheader()
        written.writerows(rows)
    node.take_in("standard", [COUNTY], path)


def credit(kind: str, of: str, amount: str, **changes: object) -> dict[str, Any]:
    own = {"entry_kind": kind, "orig_payment_id": of, "pay_amt": amount}
    return payment(f"r-{of}", **(own | changes))


def room(node: FilledNode, stage: str = "request") -> list[str]:
    """Return what becomes of a payment a fen too large, and of one that fits."""
    over = payment("over", pay_amt="7000.01", stage=stage)
    return node.screen(over, payment("fits", pay_amt="7000.00", stage=stage))


@pytest.mark.parametrize("kind", KINDS)
def test_a_credit_of_a_refused_payment_makes_no_room(
    node: FilledNode, tmp_path: Path, kind: str
) -> None:
    bring(node, tmp_path, credit(kind, "a", "-6000.00"))

    assert room(node) == ["reject", "pass"]
    assert drift(node) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_credit_of_what_was_paid_makes_room(
    node: FilledNode, tmp_path: Path, kind: str
) -> None:
    node.screen(payment("b", pay_amt="5000.00"))

    bring(node, tmp_path, credit(kind, "b", "-5000.00"))

    assert room(node) == ["reject", "pass"]


def test_a_credit_that_comes_with_what_was_paid_makes_room(
    node: FilledNode, tmp_path: Path
) -> None:
    paid = payment("a", stage="voucher", pay_amt="5000.00", orig_payment_id=None)

    bring(node, tmp_path, paid, credit("refund", "a", "-5000.00", stage="voucher"))

    assert room(node, "voucher") == ["reject", "pass"]
    assert drift(node) == []


def test_a_receipt_from_a_file_tells_of_money_that_moved(
    node: FilledNode, tmp_path: Path
) -> None:
    node.screen(payment("b", pay_amt="500.00"))
    receipts = [payment(one, stage="receipt", pay_amt="500.00") for one in ("a", "b")]

    bring(node, tmp_path, *receipts)

    told = node.found("SELECT subject_key FROM alert WHERE rule_id = 'NODE-PAID'")
    assert told == [("a|receipt",)]
