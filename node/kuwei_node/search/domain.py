"""What to look for among payments, and a payment as people read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kuwei_shared.catalogue.wording import said
from kuwei_shared.rules.compiler import EffectiveRule
from kuwei_shared.rules.explain import explanation
from kuwei_shared.rules.model import Basis, Value
from kuwei_shared.screening.decision import Decision, Outcome, decision_of
from kuwei_shared.screening.effective import EffectiveCatalogue

DECISIONS: dict[str, str] = {"pass": "通过", "hold": "暂缓", "reject": "拒绝"}
AFTERWARDS = "afterwards"
ASKED_FOR: dict[str, str] = DECISIONS | {AFTERWARDS: "事后审核"}
"""What the list is narrowed to: a decision, or payments nothing could stop."""
SHOULD: dict[str, str] = {"hold": "应暂缓,未拦截", "reject": "应拒绝,未拦截"}
HOLD_STATES: dict[str, str] = {
    "held": "待处理",
    "released": "已放行",
    "refused": "已拒付",
}
STAGES: dict[str, str] = {
    "request": "支付申请",
    "voucher": "支付凭证",
    "receipt": "银行回单",
}

# Any: values of vocabulary payment fields, by name.
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSearch:
    """What to look for; what is None does not narrow.

    Attributes:
        number: beginning of the payment id.
        unit: beginning of the unit's code, or part of its name.
        payee: part of the payee's name, or its whole account number.
        rule_id: a rule that was hit.
    """

    number: str | None = None
    unit: str | None = None
    payee: str | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    decision: str | None = None
    rule_id: str | None = None
    stage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """One stage of a payment in a list.

    Attributes:
        hits: ids of the rules it hit.
        hold_state: what became of its hold, None if it was never held.
        is_afterwards: its money had moved when it came: a file or a bank's receipt.
        weight: strongest decision weight of its outcomes, None if never screened.
    """

    seq: int
    payment_id: str
    stage: str
    vou_date: dt.date
    agency_code: str
    agency_name: str | None
    payee_acct_name: str | None
    use_des: str | None
    pay_amt: Decimal
    decision: str | None
    hold_state: str | None
    is_afterwards: bool
    weight: int | None
    hits: Sequence[str]

    @property
    def stage_title(self) -> str:
        """The stage in Chinese."""
        return STAGES.get(self.stage, self.stage)

    @property
    def decision_title(self) -> str:
        """The decision in Chinese, and what a person decided after it."""
        if self.hold_state:
            return HOLD_STATES[self.hold_state]
        if self.is_afterwards and self.decision:
            return SHOULD.get(self.should or "", ASKED_FOR[AFTERWARDS])
        return DECISIONS.get(self.decision or "", "未审核")

    @property
    def should(self) -> str | None:
        """What the rules would have decided of money that had already moved."""
        if not self.is_afterwards or self.weight is None:
            return None
        return stopping(self.weight)

    @property
    def hit_list(self) -> str:
        """The rules hit, for an export."""
        return "、".join(self.hits)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOutcome:
    """What one rule said of a payment, and why.

    Attributes:
        operands: label and value of every name the rule reads.
        params: label, value in force, and whether this bureau tuned it.
        missing: labels of needed values that were not there.
        stops: ``hold`` or ``reject`` when this outcome alone asks for it.
    """

    rule_id: str
    version: int
    title: str
    severity: str
    status: str
    is_alert_only: bool
    is_local: bool
    outcome: Outcome
    explanation: str
    basis: Basis | None
    review: str
    operands: Sequence[tuple[str, str]]
    params: Sequence[tuple[str, str, bool]]
    missing: Sequence[str]
    stops: str | None

    @property
    def stops_first(self) -> bool:
        """Orders rules that stop the payment before those that do not."""
        return self.stops is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One rule's outcome as recorded and as it comes out now, where they differ.

    Attributes:
        then: None for a rule the release that judged did not hold.
        now: None for a rule the other release does not hold.
        operands: label, value recorded, value now, of what the rule reads.
    """

    rule_id: str
    title: str
    then: Outcome | None
    now: Outcome | None
    operands: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one catalogue says of a payment: letters, weight, values of what it read."""

    effective: EffectiveCatalogue
    letters: str
    weight: int
    operands: Fields | None

    @property
    def decision(self) -> str:
        """What its outcomes amount to."""
        return decision_of(self.weight).value

    def says_as(self, other: Verdict) -> bool:
        """Tell whether another says exactly the same: letters, weight and operands."""
        return (self.by_rule, self.weight, self._written) == (
            other.by_rule,
            other.weight,
            other._written,
        )

    @property
    def _written(self) -> dict[str, str]:
        """The operands as they are recorded: an amount is kept as its digits."""
        return {name: str(value) for name, value in (self.operands or {}).items()}

    @property
    def by_rule(self) -> dict[str, Outcome]:
        """Rule id → outcome."""
        rules = self.effective.realtime.rules
        return {
            one.rule.id: Outcome(letter)
            for one, letter in zip(rules, self.letters, strict=True)
        }


def compared(then: Verdict, now: Verdict) -> list[Compared]:
    """Return the rules whose outcome, or a value they read, differs."""
    before, after = then.by_rule, now.by_rule
    known, found = dict(then.operands or {}), dict(now.operands or {})
    rows = [
        _compared(rule_id, then, now, (before.get(rule_id), after.get(rule_id)))
        for rule_id in {**before, **after}
    ]
    # Values are recorded for whoever is hit; without a hit on one side there is
    # nothing to set beside the other's.
    has_both = bool(known) and bool(found)
    return [one for one in rows if one.then != one.now or (has_both and _differ(one))]


def _differ(one: Compared) -> bool:
    return any(then != now for _, then, now in one.operands)


def _compared(
    rule_id: str,
    then: Verdict,
    now: Verdict,
    outcomes: tuple[Outcome | None, Outcome | None],
) -> Compared:
    source = now if outcomes[1] is not None else then
    one, vocabulary = (
        source.effective.by_id[rule_id],
        source.effective.catalogue.vocabulary,
    )
    known, found = then.operands or {}, now.operands or {}
    return Compared(
        rule_id=rule_id,
        title=one.rule.title,
        then=outcomes[0],
        now=outcomes[1],
        operands=[
            (
                vocabulary.label_of(name),
                said(name, known.get(name), vocabulary) if name in known else "—",
                said(name, found.get(name), vocabulary) if name in found else "—",
            )
            for name in source.effective.realtime.operands_of(one.rule)
            if name in known or name in found
        ],
    )


def outcomes_of(
    effective: EffectiveCatalogue,
    letters: str,
    operands: Fields | None,
    payment: Fields,
) -> list[RuleOutcome]:
    """Return what every rule said of a payment, in catalogue order.

    Args:
        effective: the catalogue that judged.
        letters: one outcome letter per rule.
        operands: values recorded with the screening, None if nothing was hit.
        payment: the payment's own fields, which stand in for them.
    """
    known = dict(operands or {}) | dict(payment)
    return [
        _outcome(effective, one, Outcome(letter), known)
        for one, letter in zip(effective.realtime.rules, letters, strict=True)
    ]


def _outcome(
    effective: EffectiveCatalogue,
    one: EffectiveRule,
    outcome: Outcome,
    known: Fields,
) -> RuleOutcome:
    rule, vocabulary = one.rule, effective.catalogue.vocabulary
    names = effective.realtime.operands_of(rule)
    is_hit = outcome is Outcome.HIT
    return RuleOutcome(
        rule_id=rule.id,
        version=rule.version,
        title=rule.title,
        severity=rule.severity.value,
        status=rule.status.value,
        is_alert_only=one.alert_only,
        is_local=rule.id in effective.local_ids,
        outcome=outcome,
        explanation=explanation(one, known, vocabulary) if is_hit else "",
        basis=rule.basis_on(known["vou_date"]),
        review=rule.review,
        operands=[
            (vocabulary.label_of(name), said(name, known[name], vocabulary))
            for name in names
            if name in known
        ],
        params=[
            (param.label, _param(one.params[name]), one.params[name] != param.default)
            for name, param in rule.params.items()
        ],
        missing=[
            vocabulary.label_of(name) for name in names if known.get(name) is None
        ],
        stops=_stops(one, outcome),
    )


def stopping(weight: int) -> str | None:
    """Return what a weight stops a payment with, None if it lets it pass."""
    decision = decision_of(weight)
    return None if decision is Decision.PASS else decision.value


def _stops(one: EffectiveRule, outcome: Outcome) -> str | None:
    weights = {
        Outcome.HIT: one.hit_weight,
        Outcome.UNDETERMINED: one.missing_weight,
    }
    return stopping(weights.get(outcome, 0))


def _param(value: Value) -> str:
    return f"{value:,}" if isinstance(value, Decimal | int) else str(value)
