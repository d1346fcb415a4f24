"""What screening answers for one payment, in words and with its legal ground."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from kuwei_shared.rules.explain import explanation
from kuwei_shared.rules.model import Status
from kuwei_shared.screening.decision import Decision, Outcome, ids_with
from kuwei_shared.screening.effective import EffectiveCatalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class HitAnswer:
    """One rule a payment hit, said so that the budget unit understands.

    Attributes:
        basis: document, clause and text in force on the payment's date.
    """

    rule_id: str
    version: int
    title: str
    severity: str
    is_trial: bool
    explanation: str
    basis: str
    review: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one payment.

    Attributes:
        release: catalogue release the payment was screened under.
        undetermined: ids of the rules that could not be computed for lack of data.
        failed: ids of the rules that failed themselves; their policy decided.
        standing: what became of a hold by now: held, released or refused.
        is_repeat: the payment had been answered before; this is that answer.
        because: why the decision is stronger than the rules alone make it.
    """

    payment_id: str
    stage: str
    seq: int
    decision: Decision
    release: str
    hits: tuple[HitAnswer, ...]
    undetermined: tuple[str, ...]
    failed: tuple[str, ...] = ()
    is_repeat: bool = False
    standing: str | None = None
    because: str | None = None


STOPPED_EARLIER: Mapping[Decision, str] = {
    Decision.HOLD: "该笔支付的申请尚在待处理队列中。",
    Decision.REJECT: "该笔支付的申请已被拒付。",
}


def hits_of(
    effective: EffectiveCatalogue,
    outcomes: str,
    operands: Mapping[str, object] | None,
    day: dt.date,
) -> tuple[HitAnswer, ...]:
    """Return the hits among outcome letters, explained.

    Args:
        effective: the catalogue that judged; gives the letters' order.
        outcomes: one letter per rule.
        operands: the values that were judged.
        day: the payment's business date, which chooses the clause in force.
    """
    return tuple(
        _hit(effective, rule_id, operands or {}, day)
        for rule_id in ids_with(outcomes, Outcome.HIT, effective.realtime_ids)
    )


def undetermined_of(effective: EffectiveCatalogue, outcomes: str) -> tuple[str, ...]:
    """Return the ids of the rules that could not be computed."""
    return tuple(ids_with(outcomes, Outcome.UNDETERMINED, effective.realtime_ids))


def failed_of(effective: EffectiveCatalogue, outcomes: str) -> tuple[str, ...]:
    """Return the ids of the rules that failed on this payment."""
    return tuple(ids_with(outcomes, Outcome.ERROR, effective.realtime_ids))


def _hit(
    effective: EffectiveCatalogue,
    rule_id: str,
    operands: Mapping[str, object],
    day: dt.date,
) -> HitAnswer:
    one = effective.by_id[rule_id]
    basis = one.rule.basis_on(day)
    return HitAnswer(
        rule_id=rule_id,
        version=one.rule.version,
        title=one.rule.title,
        severity=one.rule.severity.value,
        is_trial=one.rule.status is Status.TRIAL,
        explanation=explanation(one, operands, effective.catalogue.vocabulary),
        basis=f"{basis.document} {basis.clause}:{basis.text}" if basis else "",
        review=one.rule.review,
    )
