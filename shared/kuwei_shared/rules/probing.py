"""PROBE: each row's predecessors are looked up in an index, for a few payments."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from kuwei_shared.rules.crowding import CROWD, ROW, Span, crowd
from kuwei_shared.rules.measuring import (
    COUNTED_AT,
    FactSql,
    counted,
    in_window,
    measure,
    unless_keyless,
    with_current,
)
from kuwei_shared.rules.printer import quote
from kuwei_shared.rules.vocabulary import Bucket, Fact, Vocabulary

# Keys by which a probe reaches history through an index; longest first.
INDEX_KEYS: tuple[tuple[str, ...], ...] = (
    ("agency_code", "payee_acct_no"),
    # One invoice of a council may have ten thousand lines, few of one amount.
    ("agency_code", "invoice_no", "pay_amt"),
    ("agency_code", "invoice_no"),
    ("agency_code", "card_no"),
    ("bgt_id",),
    ("pro_code",),
    ("contract_no",),
    ("agency_code",),
)
# "+ 0" keeps the planner from scanning half the ledger by sequence number.
_ARRIVED_BEFORE = "h.seq + 0 < p.seq"


def _index_key(fact: Fact) -> tuple[str, ...]:
    return next(key for key in INDEX_KEYS if fact.over[: len(key)] == key)


def keys_of(facts: Sequence[Fact]) -> tuple[tuple[str, ...], ...]:
    """Return the keys by which probes of facts reach history, each once."""
    return tuple(dict.fromkeys(map(_index_key, facts)))


def probes(
    facts: Sequence[Fact], vocabulary: Vocabulary, *, crowded: bool = False
) -> FactSql:
    """Return the SQL of facts, a look-up per index key and row.

    Args:
        facts: the facts wanted.
        vocabulary: says which keys may be missing.
        crowded: payments of one key may be many among rows just appended; those
            are read together.
    """
    ctes: list[str] = []
    joins: list[str] = []
    values: dict[str, str] = {}
    ordered = sorted(facts, key=lambda fact: INDEX_KEYS.index(_index_key(fact)))
    for key, group in groupby(ordered, key=_index_key):
        members = list(group)
        alias = f"f_{'_'.join(key)}"
        if crowded:
            ctes.append(crowd(f"{alias}_crowd", key, members, _reached(members, CROWD)))
            joins.append(f"LEFT JOIN {alias}_crowd ON {alias}_crowd.seq = p.seq")
        joins.append(_probe(key, members, alias, crowded=crowded))
        for fact in members:
            found = f"{alias}.{fact.name}"
            if crowded:
                found = f"coalesce({alias}_crowd.{fact.name}, {found})"
            combined = with_current(fact, found)
            values[fact.name] = unless_keyless(fact, combined, vocabulary)
    return FactSql(ctes=tuple(ctes), joins=tuple(joins), values=values)


def _probe(
    key: tuple[str, ...], facts: Sequence[Fact], alias: str, *, crowded: bool
) -> str:
    measures = []
    for fact in facts:
        rest = [f"h.{name} = p.{name}" for name in fact.over[len(key) :]]
        counts = counted(fact, "h", [in_window(fact, "h", "p"), *rest])
        measures.append(f"{measure(fact, 'h')} FILTER (WHERE {counts}) AS {fact.name}")
    tests = [
        *(f"h.{name} = p.{name}" for name in (*key, "stage")),
        _ARRIVED_BEFORE,
        *_reached(facts, ROW),
        COUNTED_AT.format("p.seq"),
        *([f"{alias}_crowd.seq IS NULL"] if crowded else []),
    ]
    return (
        f"LEFT JOIN LATERAL (SELECT {', '.join(measures)} FROM payment h"
        f" WHERE {' AND '.join(tests)}) {alias} ON true"
    )


def _reached(facts: Sequence[Fact], seen: Span) -> list[str]:
    """Return what all rows have in common that any of the facts may count."""
    if any(fact.bucket is Bucket.ALL for fact in facts):
        return _shared(facts)
    return [*_shared(facts), f"({_widest(facts, seen)})"]


def _shared(facts: Sequence[Fact]) -> list[str]:
    """Return restrictions all facts have, so that a partial index can serve them."""
    first = facts[0]
    return [
        f"h.{field} IN ({', '.join(map(quote, codes))})"
        for field, codes in first.where.items()
        if all(fact.where.get(field) == codes for fact in facts)
    ]


def _widest(facts: Sequence[Fact], seen: Span) -> str:
    """Return one plain range on the date that covers every fact's window."""
    if any(fact.bucket is Bucket.YEAR for fact in facts):
        dated = _dated(facts, seen)
        return f"{seen.years} OR {dated}" if dated else seen.years
    return _dated(facts, seen)


def _dated(facts: Sequence[Fact], seen: Span) -> str:
    days = max((f.days for f in facts if f.bucket is Bucket.DAYS), default=1)
    if any(fact.bucket is Bucket.MONTH for fact in facts):
        first = f"least({_month(seen.first)}::date, {seen.first} - {days - 1})"
        last = f"({_month(seen.last)} + INTERVAL '1 month')::date - 1"
        return f"h.vou_date BETWEEN {first} AND {last}"
    if all(fact.bucket is Bucket.YEAR for fact in facts):
        return ""
    return f"h.vou_date BETWEEN {seen.first} - {days - 1} AND {seen.last}"


def _month(day: str) -> str:
    return f"date_trunc('month', {day})"
