"""A held payment and what may become of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """A hold is decided once."""

    HELD = "held"
    RELEASED = "released"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A payment waiting, or no longer waiting, for a person."""

    payment_seq: int
    mof_div_code: str
    agency_code: str
    state: State
    held_at: dt.datetime
    decided_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an authorised person decided, and why."""

    state: State
    at: dt.datetime
    by: str
    reason: str
