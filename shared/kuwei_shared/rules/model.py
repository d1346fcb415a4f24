"""A rule, a list, a catalogue: plain values, whatever file or wire they came by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from kuwei_shared.rules.vocabulary import PAYMENT, Type, Vocabulary

Value = str | int | bool | Decimal | dt.date | dt.datetime | None


class Status(StrEnum):
    """Life cycle of a rule; only trial and stable ones are compiled."""

    DRAFT = "draft"
    TRIAL = "trial"
    STABLE = "stable"
    RETIRED = "retired"


class Severity(StrEnum):
    """How strongly a hit acts, weakest first (rules.md 2.1)."""

    RECORD = "record"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"
    GREY = "grey"


class Policy(StrEnum):
    """What happens to a payment when a rule cannot be computed or fails."""

    PASS = "pass"  # noqa: S105  # a policy, not a password
    HOLD = "hold"
    REJECT = "reject"


class Schedule(StrEnum):
    """When a scheduled rule runs."""

    DAY_END = "day_end"
    MONTH_END = "month_end"


class Direction(StrEnum):
    """Which way a lower level may move a parameter."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The legal ground of a rule, with the dates between which it is in force."""

    ref: str
    document: str
    clause: str
    text: str
    from_date: dt.date | None = None
    until_date: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A tunable constant: its default, and how far which way it may be moved."""

    name: str
    type: Type
    label: str
    default: Value
    minimum: Value = None
    maximum: Value = None
    tighten: Direction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a rule applies; an empty tuple means everywhere."""

    levels: tuple[str, ...] = ()
    fund_scopes: tuple[str, ...] = ()
    pay_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dedupe:
    """Which hits join one alert: same values of ``by`` within the window."""

    by: tuple[str, ...]
    window: str


class Expected(StrEnum):
    """What an example says must come out."""

    HIT = "hit"
    CLEAR = "clear"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A proof carried by the rule: given these values, this outcome."""

    case: str
    expected: Expected
    given: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the catalogue, as its file states it (design.md §4)."""

    id: str
    version: int
    title: str
    status: Status
    severity: Severity
    warn_type: str
    basis: tuple[Basis, ...]
    subject: str = PAYMENT
    stages: tuple[str, ...] = ()
    schedule: Schedule | None = None
    scope: Scope = field(default_factory=Scope)
    requires: tuple[str, ...] = ()
    when: str
    params: Mapping[str, Param] = field(default_factory=dict)
    on_missing: Policy
    on_error: Policy
    dedupe: Dedupe | None = None
    explain: str
    review: str
    examples: tuple[Example, ...] = ()

    def basis_on(self, day: dt.date) -> Basis | None:
        """Return the ground in force on a day, the most recent first."""
        in_force = [
            basis
            for basis in self.basis
            if (basis.from_date is None or basis.from_date <= day)
            and (basis.until_date is None or day < basis.until_date)
        ]
        return max(
            in_force, key=lambda basis: basis.from_date or dt.date.min, default=None
        )


class ListKind(StrEnum):
    """Codes are compared whole; words are looked for inside a text."""

    CODES = "codes"
    WORDS = "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedList:
    """A list rules refer to; ``friends`` are harmless words that contain one."""

    id: str
    title: str
    source: str
    kind: ListKind
    entries: tuple[str, ...]
    friends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Rules and everything they stand on; ``version`` names it to people."""

    version: str
    vocabulary: Vocabulary
    rules: Mapping[str, Rule]
    lists: Mapping[str, NamedList]
    patterns: Mapping[str, str]
    base_example: Mapping[str, Value] = field(default_factory=dict)
