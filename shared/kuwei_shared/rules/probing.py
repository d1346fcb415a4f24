"""PROBE: each row's predecessors are looked up in an index, for a few payments."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from kuwei_shared.rules.measuring import (
    COUNTED_AT,
    MONTH,
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


def probes(facts: Sequence[Fact], vocabulary: Vocabulary) -> FactSql:
    """Return the SQL of facts, a look-up per index key and row."""
    joins: list[str] = []
    values: dict[str, str] = {}
    ordered = sorted(facts, key=lambda fact: INDEX_KEYS.index(_index_key(fact)))
    for key, group in groupby(ordered, key=_index_key):
        members = list(group)
        alias = f"f_{'_'.join(key)}"
        joins.append(_probe(key, members, alias))
        for fact in members:
            combined = with_current(fact, f"{alias}.{fact.name}")
            values[fact.name] = unless_keyless(fact, combined, vocabulary)
    return FactSql(ctes=(), joins=tuple(joins), values=values)


def _probe(key: tuple[str, ...], facts: Sequence[Fact], alias: str) -> str:
    measures = []
    for fact in facts:
        rest = [f"h.{name} = p.{name}" for name in fact.over[len(key) :]]
        tests = counted(fact, "h", [in_window(fact, "h", "p"), *rest])
        measures.append(f"{measure(fact, 'h')} FILTER (WHERE {tests}) AS {fact.name}")
    equal = " AND ".join([*(f"h.{name} = p.{name}" for name in key), *_shared(facts)])
    windows = sorted({in_window(fact, "h", "p") for fact in facts})
    within = "" if "true" in windows else f" AND ({_widest(facts)})"
    return (
        f"LEFT JOIN LATERAL (SELECT {', '.join(measures)} FROM payment h"
        f" WHERE {equal} AND h.stage = p.stage AND {_ARRIVED_BEFORE}{within}"
        f" AND {COUNTED_AT.format('p.seq')}"
        f") {alias} ON true"
    )


def _shared(facts: Sequence[Fact]) -> list[str]:
    """Return restrictions all facts have, so that a partial index can serve them."""
    first = facts[0]
    return [
        f"h.{field} IN ({', '.join(map(quote, codes))})"
        for field, codes in first.where.items()
        if all(fact.where.get(field) == codes for fact in facts)
    ]


def _widest(facts: Sequence[Fact]) -> str:
    """Return one plain range on the date that covers every fact's window."""
    buckets = {fact.bucket for fact in facts}
    if Bucket.YEAR in buckets:
        dated = _dated(facts)
        year = "h.fiscal_year = p.fiscal_year"
        return f"{year} OR {dated}" if dated else year
    return _dated(facts)


def _dated(facts: Sequence[Fact]) -> str:
    days = max((f.days for f in facts if f.bucket is Bucket.DAYS), default=1)
    if any(fact.bucket is Bucket.MONTH for fact in facts):
        first = f"least({MONTH.format('p')}::date, p.vou_date - {days - 1})"
        last = f"({MONTH.format('p')} + INTERVAL '1 month')::date - 1"
        return f"h.vou_date BETWEEN {first} AND {last}"
    if all(fact.bucket is Bucket.YEAR for fact in facts):
        return ""
    return f"h.vou_date BETWEEN p.vou_date - {days - 1} AND p.vou_date"
