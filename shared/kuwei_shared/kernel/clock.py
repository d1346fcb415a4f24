"""Where time comes from.

Nothing in Kuwei reads the wall clock by itself: a Clock is passed in, so that
deadlines, windows and expiry can be tested without waiting.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Protocol
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Tells the present moment, aware and in UTC."""

    def now(self) -> dt.datetime:
        """Return the present moment in UTC."""
        ...


class SystemClock:
    """The machine's clock; made once, in a composition root."""

    def now(self) -> dt.datetime:
        """Return the present moment in UTC."""
        return dt.datetime.now(dt.UTC)  # noqa: TID251  # the one place that may


@dataclass(slots=True)
class SetClock:
    """A clock that stands where it is put; for replay and tests."""

    moment: dt.datetime = field(
        default_factory=lambda: dt.datetime(2026, 1, 5, 1, 0, tzinfo=dt.UTC)
    )

    def now(self) -> dt.datetime:
        """Return the moment the clock was put to."""
        return self.moment

    def advance(self, step: dt.timedelta) -> None:
        """Move the clock forward by a step."""
        self.moment += step


def business_date(clock: Clock) -> dt.date:
    """Return today's date as a Chinese treasury counts it."""
    return clock.now().astimezone(CHINA).date()
