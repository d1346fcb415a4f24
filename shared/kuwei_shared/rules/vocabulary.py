"""The fixed vocabulary: every name a rule condition may use, and its type.

A rule can read nothing that is not listed here; that is what makes it safe to
run a rule written in the province inside every county's database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PAYMENT = "payment"
LOCK_UNITS = frozenset({"agency_code", "bgt_id", "pro_code", "contract_no"})
"""Fields whose values payments wait in line by; realtime facts begin with one."""


class Type(StrEnum):
    """Type of a vocabulary name, as declared."""

    TEXT = "text"
    CODE = "code"
    MONEY = "money"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"

    @property
    def sort(self) -> Sort:
        """The family within which values may be compared."""
        return _SORTS[self]


class Sort(StrEnum):
    """Families of comparable types."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"


_SORTS: Mapping[Type, Sort] = {
    Type.TEXT: Sort.TEXT,
    Type.CODE: Sort.TEXT,
    Type.MONEY: Sort.NUMBER,
    Type.INTEGER: Sort.NUMBER,
    Type.DECIMAL: Sort.NUMBER,
    Type.DATE: Sort.DATE,
    Type.TIMESTAMP: Sort.TIMESTAMP,
    Type.BOOLEAN: Sort.BOOLEAN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of the payment or of a reference entity."""

    name: str
    type: Type
    label: str
    required: bool = False
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A payment name computed from one field by one of a few functions."""

    name: str
    type: Type
    label: str
    function: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Reference data reachable from a payment, or the subject of scheduled rules.

    Attributes:
        keys: entity column → payment field (or ``other_entity.field``) it equals.
        subject_key: columns that identify a row when the entity is a subject.
        subject_date: column holding the row's own date, if it is dated.
    """

    name: str
    label: str
    table: str
    keys: Mapping[str, str]
    fields: Mapping[str, Field]
    subject_key: tuple[str, ...] = ()
    subject_date: str | None = None


class Measure(StrEnum):
    """How a fact condenses the payments it looks at."""

    SUM = "sum"
    COUNT = "count"
    MAX = "max"


class Bucket(StrEnum):
    """Windows that are the payment's own period; DAYS looks back N days."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    ALL = "all"
    DAYS = "days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A structured aggregate over earlier payments with the same keys.

    A fact sees the payments of the same stage that *arrived* before (lower
    sequence number) and fall in the window; so a later replay sees the same.

    Attributes:
        over: fields that must be equal; the first one names the unit of locking,
            or the fact is for scheduled rules alone.
        days: length of a DAYS window, the payment's own day included.
        include_current: whether the payment itself counts.
        where: field → allowed codes, restricting what is counted.
        positive_only: count only amounts above zero.
        of_original: look at the payment that ``orig_payment_id`` names, whatever its
            stage and whatever became of it; known only once a day is closed.
    """

    name: str
    label: str
    measure: Measure
    of: str | None
    over: tuple[str, ...]
    bucket: Bucket
    days: int = 0
    include_current: bool
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    positive_only: bool = False
    of_original: bool = False

    @property
    def is_realtime(self) -> bool:
        """Whether rules that judge a payment on arrival may read it."""
        return self.over[0] in LOCK_UNITS and not self.of_original

    @property
    def type(self) -> Type:
        """Type of the fact's value."""
        return Type.INTEGER if self.measure is Measure.COUNT else Type.MONEY


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """All names, by kind."""

    version: int
    payment: Mapping[str, Field]
    derived: Mapping[str, Derived]
    entities: Mapping[str, Entity]
    facts: Mapping[str, Fact]
    subjects: tuple[str, ...]

    def bare(self) -> Iterator[tuple[str, Type]]:
        """Yield names used without a prefix: payment fields and derived ones."""
        for field_ in self.payment.values():
            yield field_.name, field_.type
        for derived in self.derived.values():
            yield derived.name, derived.type

    def type_of(self, name: str) -> Type | None:
        """Return the type of a full name (``pay_amt``, ``agency.is_key``)."""
        prefix, _, rest = name.partition(".")
        if not rest:
            bare = self.payment.get(name) or self.derived.get(name)
            return bare.type if bare else None
        if prefix == "fact":
            fact = self.facts.get(rest)
            return fact.type if fact else None
        entity = self.entities.get(prefix)
        found = entity.fields.get(rest) if entity else None
        return found.type if found else None

    def label_of(self, name: str) -> str:
        """Return the Chinese label of a full name, or the name itself."""
        prefix, _, rest = name.partition(".")
        if not rest:
            bare = self.payment.get(name) or self.derived.get(name)
            return bare.label if bare else name
        if prefix == "fact" and rest in self.facts:
            return self.facts[rest].label
        entity = self.entities.get(prefix)
        if entity and rest in entity.fields:
            return f"{entity.label}·{entity.fields[rest].label}"
        return name
