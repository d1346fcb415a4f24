"""When a rule counts as running away, and a trip as people see it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from kuwei_shared.rules.compiler import ERROR, HIT, UNDETERMINED, EffectiveRule


@dataclass(frozen=True, slots=True, kw_only=True)
class BrakeLimits:
    """When a rule counts as running away.

    Attributes:
        window: how many of the latest payments are looked at.
        share: the most a rule may stop of them.
        least: stops below this number never trip.
    """

    window: int = 500
    share: float = 0.5
    least: int = 50

    def runs_away(self, stopped: int, seen: int) -> bool:
        """Tell whether this many stops among the latest payments is too many."""
        return stopped >= self.least and stopped > seen * self.share

    def payments_until(self, stopped: int, seen: int) -> int:
        """Return after how many more payments a rule may run away at the earliest.

        Were each of them stopped. Never more than ``least``: somebody may have put
        the rule back meanwhile, so that it is counted anew.
        """
        enough = max(self.least, int(seen * self.share) + 1)
        return min(max(enough - stopped, 1), self.least)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTrip:
    """A rule that is alert-only now, and what made it so."""

    rule_id: str
    release: str
    tripped_at: dt.datetime
    stopped_count: int
    window_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A rule that may stop payments: its place from 1, and the letters that stop."""

    rule_id: str
    place: int
    letters: str


def stops_among(rules: Sequence[EffectiveRule], outcomes: Sequence[str]) -> list[Stop]:
    """Return the rules that stopped something in these outcome strings.

    A missing value or a failure stops as surely as a hit where the rule's policy
    says so, hence counts as one.
    """
    found: list[Stop] = []
    if not outcomes:
        return found
    for place, one in enumerate(rules):
        weights = {
            HIT: one.hit_weight,
            UNDETERMINED: one.missing_weight,
            ERROR: one.error_weight,
        }
        letters = "".join(letter for letter, weight in weights.items() if weight)
        if any(each[place] in letters for each in outcomes):
            stop = Stop(rule_id=one.rule.id, place=place + 1, letters=letters)
            found.append(stop)
    return found
