"""How hits join alerts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kuwei_shared.rules.model import Basis, Policy, Rule, Severity, Status
from kuwei_shared.screening.decision import Decision

SUBJECTS: dict[str, str] = {
    "payment": "支付",
    "agency": "预算单位",
    "appropriation": "预算指标",
    "project": "项目",
    "account_day": "账户日余额",
    "bank_report": "代理银行报告",
}


PAID_ANYWAY = Rule(
    id="NODE-PAID",
    version=1,
    title="暂缓或拒付的支付已经付出",
    status=Status.STABLE,
    severity=Severity.RED,
    warn_type="direction",
    basis=(),
    stages=("receipt",),
    when="false",
    on_missing=Policy.PASS,
    on_error=Policy.PASS,
    explain="支付 {payment_id} 的银行回单报来 {pay_amt} 元已经付出,"
    "而同一笔支付在此前环节{stopped}。",
    review="核对银行回单,查明代理银行凭什么办理、款项能否追回;"
    "此前环节仍在待处理队列的,一并作出处理。",
)
"""Says of money that moved in spite of the node; no rule of a catalogue sees that."""
OWN: Mapping[str, Rule] = {PAID_ANYWAY.id: PAID_ANYWAY}
"""What the node itself raises alerts for."""
STOPPED: Mapping[str, str] = {
    Decision.HOLD: "尚在暂缓",
    Decision.REJECT: "已被拒付",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Raising:
    """How one rule's hits become alerts.

    Attributes:
        place: the rule's place in the outcome letters, from 1.
        by: payment fields whose equal values join hits into one alert.
        window: ``none`` | ``day`` | ``month`` | ``year`` | ``all``.
    """

    place: int
    rule_id: str
    severity: str
    by: tuple[str, ...]
    window: str


def raises_alerts(rule: Rule) -> bool:
    """Tell whether hits of a rule ask for a person's attention."""
    return rule.status is Status.STABLE and rule.severity is not Severity.RECORD


def raising(rule: Rule, place: int, subject_key: tuple[str, ...]) -> Raising:
    """Return how a rule's hits join.

    Args:
        rule: the rule; what it says itself comes first.
        place: its place in the outcome letters, from 1.
        subject_key: columns that identify a row of its subject: one alert each.
    """
    dedupe = rule.dedupe
    return Raising(
        place=place,
        rule_id=rule.id,
        severity=rule.severity.value,
        by=tuple(name.rpartition(".")[2] for name in dedupe.by)
        if dedupe
        else subject_key,
        window=dedupe.window if dedupe else "none",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSearch:
    """Which alerts; what is None does not narrow."""

    rule_id: str | None = None
    severity: str | None = None
    unit: str | None = None
    since: dt.date | None = None
    until: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """An alert in a list.

    Attributes:
        hit_count: 0 for one of a scheduled rule whose hits are gone.
        window_start: first day of the window its hits fall in.
        first_day: business date of its first hit.
        hit_amount: of the payments hit; None where other things are.
    """

    id: int
    rule_id: str
    severity: str
    mof_div_code: str
    subject: str
    subject_key: str
    agency_code: str | None
    agency_name: str | None
    window_start: dt.date
    first_day: dt.date
    hit_count: int
    hit_amount: Decimal | None
    raised_at: dt.datetime
    last_at: dt.datetime

    @property
    def own_title(self) -> str | None:
        """The title of what the node itself raises alerts for."""
        return OWN[self.rule_id].title if self.rule_id in OWN else None

    @property
    def subject_title(self) -> str:
        """What kind of thing was hit, in Chinese."""
        return SUBJECTS.get(self.subject, self.subject)

    @property
    def is_withdrawn(self) -> bool:
        """Whether a later run found none of its hits any more."""
        return self.hit_count == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord(AlertRow):
    """An alert with what made it, and the catalogue that judged.

    Attributes:
        operands: values of the latest hit, by vocabulary name (Any: typed there).
    """

    first_payment_seq: int | None
    last_payment_seq: int | None
    operands: Mapping[str, Any] | None
    release: str
    tuning: Mapping[str, Mapping[str, str]]
    first_used_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDetail:
    """An alert as people read it.

    Attributes:
        sentence: the rule's explanation with the values that made it hit.
        operands: label and value of every name the rule reads.
        params: label and value in force.
        basis: the legal ground in force on the window's first day.
    """

    record: AlertRecord
    rule: Rule
    sentence: str
    operands: Sequence[tuple[str, str]]
    params: Sequence[tuple[str, str]]
    basis: Basis | None
    window: str
    by: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPayment:
    """A payment behind an alert."""

    seq: int
    payment_id: str
    stage: str
    vou_date: dt.date
    payee_acct_name: str | None
    use_des: str | None
    pay_amt: Decimal
