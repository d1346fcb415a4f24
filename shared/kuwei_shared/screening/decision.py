"""Decisions and outcomes, and how weights and letters spell them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from kuwei_shared.rules.compiler import (
    CLEAR,
    ERROR,
    HIT,
    HOLD_WEIGHT,
    NOT_APPLICABLE,
    REJECT_WEIGHT,
    UNDETERMINED,
)


class Decision(StrEnum):
    """What happens to a payment: the strongest of its outcomes."""

    PASS = "pass"  # noqa: S105  # a decision, not a password
    HOLD = "hold"
    REJECT = "reject"


class Outcome(StrEnum):
    """What one rule says of one payment."""

    HIT = HIT
    CLEAR = CLEAR
    UNDETERMINED = UNDETERMINED
    NOT_APPLICABLE = NOT_APPLICABLE
    ERROR = ERROR


def decision_of(weight: int) -> Decision:
    """Return the decision a weight stands for."""
    if weight >= REJECT_WEIGHT:
        return Decision.REJECT
    return Decision.HOLD if weight >= HOLD_WEIGHT else Decision.PASS


def places(outcomes: str, letter: Outcome) -> Iterator[int]:
    """Yield the places of a letter in an outcome string, from 0."""
    at = outcomes.find(letter)
    while at >= 0:
        yield at
        at = outcomes.find(letter, at + 1)


def ids_with(outcomes: str, letter: Outcome, rule_ids: Sequence[str]) -> list[str]:
    """Return the ids of the rules with a given outcome."""
    return [rule_ids[place] for place in places(outcomes, letter)]
