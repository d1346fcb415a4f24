"""What a fact counts and how: the SQL pieces every physical plan shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kuwei_shared.rules.printer import quote
from kuwei_shared.rules.vocabulary import Bucket, Fact, Measure, Type, Vocabulary

MONTH = "date_trunc('month', {0}.vou_date)"
COUNTED_AT = "(h.reversed_by IS NULL OR h.reversed_by > {0})"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSql:
    """What a plan adds to the statement: CTEs, joins, and each fact's SQL.

    ``source`` is the FROM item of the rows under evaluation.
    """

    ctes: tuple[str, ...]
    joins: tuple[str, ...]
    values: dict[str, str]
    source: str = "incoming"


def counted(fact: Fact, row: str, extra: Sequence[str] = ()) -> str:
    """Return which rows a fact counts: its restrictions, refused ones never."""
    return " AND ".join([f"{row}.live", *extra, *_restrictions(fact, row)])


def _restrictions(fact: Fact, row: str) -> list[str]:
    tests = [
        f"{row}.{field} IN ({', '.join(map(quote, codes))})"
        for field, codes in fact.where.items()
    ]
    return [*tests, f"{row}.pay_amt > 0"] if fact.positive_only else tests


def _concerned(fact: Fact) -> str:
    """Return whether the payment itself is one a fact counts.

    Whether it was refused plays no part: it is judged as it arrived, alone, in a
    batch and years later.
    """
    return " AND ".join(_restrictions(fact, "p")) or "true"


def measure(fact: Fact, row: str) -> str:
    """Return the aggregate over rows under an alias."""
    match fact.measure:
        case Measure.SUM:
            return f"sum({row}.{fact.of})"
        case Measure.MAX:
            return f"max({row}.{fact.of})"
        case Measure.COUNT:
            return f"sum({row}.tally)"


def in_window(fact: Fact, row: str, seen_from: str) -> str:
    """Return whether a row lies in the window of the row it is seen from."""
    match fact.bucket:
        case Bucket.DAY:
            return f"{row}.vou_date = {seen_from}.vou_date"
        case Bucket.MONTH:
            return f"{MONTH.format(row)} = {MONTH.format(seen_from)}"
        case Bucket.YEAR:
            return f"{row}.fiscal_year = {seen_from}.fiscal_year"
        case Bucket.ALL:
            return "true"
        case Bucket.DAYS:
            return (
                f"{row}.vou_date > {seen_from}.vou_date - {fact.days}"
                f" AND {row}.vou_date <= {seen_from}.vou_date"
            )


def typed(fact: Fact, sql: str) -> str:
    """Bring an aggregate back to the fact's type; both engines widen sums."""
    if fact.type is Type.INTEGER:
        return f"CAST({sql} AS integer)"
    return f"CAST({sql} AS numeric(18,2))"


def with_current(fact: Fact, earlier: str) -> str:
    """Combine the earlier payments' measure with the payment itself."""
    if fact.measure is Measure.MAX:
        own = f"CASE WHEN {_concerned(fact)} THEN p.{fact.of} END"
        return f"greatest({earlier}, {own})" if fact.include_current else earlier
    if not fact.include_current:
        return f"coalesce({earlier}, 0)"
    amount = "p.tally" if fact.measure is Measure.COUNT else f"p.{fact.of}"
    own = f"CASE WHEN {_concerned(fact)} THEN {amount} ELSE 0 END"
    return f"coalesce({earlier}, 0) + {own}"


def unless_keyless(fact: Fact, sql: str, vocabulary: Vocabulary) -> str:
    """Leave a fact undetermined where one of its keys is missing."""
    optional = [key for key in fact.over if not vocabulary.payment[key].required]
    if not optional:
        return typed(fact, sql)
    missing = " OR ".join(f"p.{key} IS NULL" for key in optional)
    return f"CASE WHEN {missing} THEN NULL ELSE {typed(fact, sql)} END"
