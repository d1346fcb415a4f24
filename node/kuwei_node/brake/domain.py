"""When a rule counts as running away, and a trip as people see it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTrip:
    """A rule that is alert-only now, and what made it so."""

    rule_id: str
    release: str
    tripped_at: dt.datetime
    stopped_count: int
    window_count: int
