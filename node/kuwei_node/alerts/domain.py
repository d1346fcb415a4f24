"""How hits join alerts."""

from __future__ import annotations

from dataclasses import dataclass

from kuwei_shared.rules.model import Rule, Severity, Status


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
