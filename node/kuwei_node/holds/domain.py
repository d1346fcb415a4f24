"""A held payment and what may become of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
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
    payment_id: str
    pay_amt: Decimal
    mof_div_code: str
    agency_code: str
    state: State
    held_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An earlier stage of a payment.

    Attributes:
        state: of its hold, None if it was never held.
        is_refused: by a rule or, since, by a person.
    """

    payment_seq: int
    state: State | None
    is_refused: bool

    @property
    def is_stopped(self) -> bool:
        """Whether no later stage may go on."""
        return self.is_refused or self.state in {State.HELD, State.REFUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an authorised person decided, and why."""

    state: State
    at: dt.datetime
    by: str
    reason: str


STATES: dict[str, str] = {
    State.HELD: "待处理",
    State.RELEASED: "已放行",
    State.REFUSED: "已拒付",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A hold with the decision on it, if there is one yet."""

    payment_seq: int
    state: State
    held_at: dt.datetime
    decided_at: dt.datetime | None
    decided_by: str | None
    reason: str | None

    @property
    def state_title(self) -> str:
        """The state in Chinese."""
        return STATES[self.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow(Decided):
    """A held payment in the queue: who pays whom how much for what, and why held.

    Attributes:
        hits: ids of the rules it hit, strongest first.
        is_paid: a bank receipt says that its money has moved all the same.
    """

    payment_id: str
    stage: str
    vou_date: dt.date
    agency_code: str
    agency_name: str | None
    payee_acct_name: str | None
    use_des: str | None
    pay_amt: Decimal
    hits: Sequence[str]
    is_paid: bool

    @property
    def paid_title(self) -> str:
        """Whether it was paid all the same, for an export."""
        return "是" if self.is_paid else ""

    @property
    def hit_list(self) -> str:
        """The rules hit, for an export."""
        return "、".join(self.hits)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSearch:
    """Which held payments; what is None does not narrow."""

    states: Sequence[State] = (State.HELD,)
    unit: str | None = None
    rule_id: str | None = None
