"""Payments of one request that decide each other are judged a bounded number of times.

Each refusal changes what is said of the next payment: with twenty days between them
and a rule on thirty, every second payment of a long row is refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from ledger_lab import changed_since, drift
from screening_lab import ScreeningLab, effective, payment, rule
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from kuwei_node.screening.domain import Judgement
from kuwei_node.screening.service import ROUNDS_MAX
from kuwei_node.screening.store.judging import Judging
from kuwei_shared.rules.compiler import NO_TOTALS
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.model import Severity
from kuwei_shared.rules.running import Total
from kuwei_shared.screening.effective import EffectiveCatalogue

pytestmark = pytest.mark.integration
OFTEN = rule("OFTEN", "fact.payee_30d_count > 1", severity=Severity.GREY)
USED = rule("USED", "fact.bgt_used > 2000")
FIRST = dt.date(2026, 1, 1)


class Counting(Judging):
    """Counts the payments it judges."""

    count = 0

    def judge(
        self,
        session: Session,
        effective: EffectiveCatalogue,
        seqs: list[int],
        totals: Mapping[Total, int] = NO_TOTALS,
        plan: Plan = Plan.PROBE,
    ) -> list[Judgement]:
        self.count += len(seqs)
        return super().judge(session, effective, seqs, totals, plan)


def chain(length: int) -> list[dict[str, Any]]:  # Any: payment fields
    days = [FIRST + dt.timedelta(days=20 * n) for n in range(length)]
    return [payment(f"k{n}", vou_date=str(day)) for n, day in enumerate(days)]


@pytest.fixture
def lab(engine: Engine) -> ScreeningLab:
    return ScreeningLab(engine, effective(OFTEN, USED))


def test_a_long_chain_is_decided_as_if_sent_one_by_one(lab: ScreeningLab) -> None:
    decisions = lab.screen(*chain(60))

    assert decisions == ["pass", "reject"] * 30
    assert drift(lab) == []
    assert changed_since(lab) == []


def test_a_long_chain_is_not_judged_over_and_over(lab: ScreeningLab) -> None:
    counting = Counting()
    lab.screening.judging = counting

    lab.screen(*chain(60))

    assert counting.count <= 60 * (ROUNDS_MAX + 1)


def test_a_credit_in_a_long_chain_counts_as_its_original_does(
    lab: ScreeningLab,
) -> None:
    rows = chain(30)
    back = {"entry_kind": "refund", "pay_amt": "-100.00", "payee_acct_no": "other"}
    credits_given = [
        row | back | {"payment_id": f"r{n}", "orig_payment_id": f"k{n}"}
        for n, row in enumerate(rows)
    ]

    lab.screen(*rows, *credits_given)

    assert drift(lab) == []
    assert lab.count("payment WHERE reversed_by IS NOT NULL") == 15
