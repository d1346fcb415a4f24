"""Facts: one declaration, several physical plans, one meaning.

A fact sums, counts or takes the maximum of the payments of the same stage and keys
that arrived earlier, fall in the window and are not reversed yet. PROBE looks each
row's predecessors up, for a few payments; SWEEP windows over a batch numbered in order
of date and adds the history; CLOSED sees the whole window, for scheduled rules; GIVEN
reads ready-made columns, for a rule's examples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from kuwei_shared.rules.printer import quote
from kuwei_shared.rules.vocabulary import Bucket, Fact, Measure, Type, Vocabulary


class Plan(StrEnum):
    """Physical plans of facts.

    - PROBE looks each row's predecessors up in an index: for one or a few payments.
    - SWEEP runs window functions over the batch and adds the grouped history: for
      imports and whole years. A batch must be numbered in order of business date.
    - CLOSED sees the whole window, later arrivals included, as of a sequence number:
      for scheduled rules, when the day or month is over.
    - GIVEN reads ready-made columns: for a rule's own examples.
    """

    PROBE = "probe"
    SWEEP = "sweep"
    CLOSED = "closed"
    GIVEN = "given"


# Keys by which a probe reaches history through an index; longest first.
INDEX_KEYS: tuple[tuple[str, ...], ...] = (
    ("agency_code", "payee_acct_no"),
    ("agency_code", "dep_bgt_eco_code"),
    ("agency_code", "invoice_no"),
    ("agency_code", "card_no"),
    ("bgt_id",),
    ("pro_code",),
    ("contract_no",),
    ("agency_code",),
)
_MONTH = "date_trunc('month', {0}.vou_date)"
# "+ 0" keeps the planner from scanning half the ledger by sequence number.
_ARRIVED_BEFORE = "h.seq + 0 < p.seq"
_COUNTED_AT = "(h.reversed_by IS NULL OR h.reversed_by > {0})"
_BEFORE = (
    "h.seq < (SELECT min(seq) FROM incoming)"
    f" AND {_COUNTED_AT.format('(SELECT max(seq) FROM incoming)')}"
)
_AS_OF = "(SELECT max(as_of) FROM incoming)"
_KNOWN = f"h.seq <= {_AS_OF} AND {_COUNTED_AT.format(_AS_OF)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSql:
    """What a plan adds to the statement: CTEs, joins, and each fact's SQL."""

    ctes: tuple[str, ...]
    joins: tuple[str, ...]
    values: dict[str, str]


def plan_facts(facts: Sequence[Fact], plan: Plan, vocabulary: Vocabulary) -> FactSql:
    """Return the SQL of the given facts under a plan.

    Row ``p`` is the row under evaluation, CTE ``incoming`` all of them, table
    ``payment`` the history, the incoming payments included.
    """
    match plan:
        case Plan.GIVEN:
            values = {fact.name: f'p."fact.{fact.name}"' for fact in facts}
            return FactSql(ctes=(), joins=(), values=values)
        case Plan.PROBE:
            return _probes(facts, vocabulary)
        case Plan.SWEEP:
            return _grouped(facts, vocabulary, _sweep)
        case Plan.CLOSED:
            return _grouped(facts, vocabulary, _closed)


def _index_key(fact: Fact) -> tuple[str, ...]:
    return next(key for key in INDEX_KEYS if fact.over[: len(key)] == key)


def _counted(fact: Fact, row: str, extra: Sequence[str] = ()) -> str:
    """Return which rows a fact counts: its restrictions, refused ones never."""
    tests = [f"{row}.live", *extra]
    for field, codes in fact.where.items():
        tests.append(f"{row}.{field} IN ({', '.join(map(quote, codes))})")
    if fact.positive_only:
        tests.append(f"{row}.pay_amt > 0")
    return " AND ".join(tests)


def _measure(fact: Fact, row: str) -> str:
    match fact.measure:
        case Measure.SUM:
            return f"sum({row}.{fact.of})"
        case Measure.MAX:
            return f"max({row}.{fact.of})"
        case Measure.COUNT:
            return f"sum({row}.tally)"


def _in_window(fact: Fact, row: str, seen_from: str) -> str:
    """Return whether a row lies in the window of the row it is seen from."""
    match fact.bucket:
        case Bucket.DAY:
            return f"{row}.vou_date = {seen_from}.vou_date"
        case Bucket.MONTH:
            return f"{_MONTH.format(row)} = {_MONTH.format(seen_from)}"
        case Bucket.YEAR:
            return f"{row}.fiscal_year = {seen_from}.fiscal_year"
        case Bucket.ALL:
            return "true"
        case Bucket.DAYS:
            return (
                f"{row}.vou_date > {seen_from}.vou_date - {fact.days}"
                f" AND {row}.vou_date <= {seen_from}.vou_date"
            )


def _typed(fact: Fact, sql: str) -> str:
    """Bring an aggregate back to the fact's type; both engines widen sums."""
    if fact.type is Type.INTEGER:
        return f"CAST({sql} AS integer)"
    return f"CAST({sql} AS numeric(18,2))"


def _with_current(fact: Fact, earlier: str) -> str:
    """Combine the earlier payments' measure with the payment itself."""
    if fact.measure is Measure.MAX:
        own = f"CASE WHEN {_counted(fact, 'p')} THEN p.{fact.of} END"
        return f"greatest({earlier}, {own})" if fact.include_current else earlier
    if not fact.include_current:
        return f"coalesce({earlier}, 0)"
    amount = "p.tally" if fact.measure is Measure.COUNT else f"p.{fact.of}"
    own = f"CASE WHEN {_counted(fact, 'p')} THEN {amount} ELSE 0 END"
    return f"coalesce({earlier}, 0) + {own}"


def _unless_keyless(fact: Fact, sql: str, vocabulary: Vocabulary) -> str:
    """Leave a fact undetermined where one of its keys is missing."""
    optional = [key for key in fact.over if not vocabulary.payment[key].required]
    if not optional:
        return _typed(fact, sql)
    missing = " OR ".join(f"p.{key} IS NULL" for key in optional)
    return f"CASE WHEN {missing} THEN NULL ELSE {_typed(fact, sql)} END"


def _probes(facts: Sequence[Fact], vocabulary: Vocabulary) -> FactSql:
    joins: list[str] = []
    values: dict[str, str] = {}
    ordered = sorted(facts, key=lambda fact: INDEX_KEYS.index(_index_key(fact)))
    for key, group in groupby(ordered, key=_index_key):
        members = list(group)
        alias = f"f_{'_'.join(key)}"
        joins.append(_probe(key, members, alias))
        for fact in members:
            combined = _with_current(fact, f"{alias}.{fact.name}")
            values[fact.name] = _unless_keyless(fact, combined, vocabulary)
    return FactSql(ctes=(), joins=tuple(joins), values=values)


def _probe(key: tuple[str, ...], facts: Sequence[Fact], alias: str) -> str:
    measures = []
    for fact in facts:
        rest = [f"h.{name} = p.{name}" for name in fact.over[len(key) :]]
        tests = _counted(fact, "h", [_in_window(fact, "h", "p"), *rest])
        measures.append(f"{_measure(fact, 'h')} FILTER (WHERE {tests}) AS {fact.name}")
    equal = " AND ".join(f"h.{name} = p.{name}" for name in key)
    windows = sorted({_in_window(fact, "h", "p") for fact in facts})
    within = "" if "true" in windows else f" AND ({_widest(facts)})"
    return (
        f"LEFT JOIN LATERAL (SELECT {', '.join(measures)} FROM payment h"
        f" WHERE {equal} AND h.stage = p.stage AND {_ARRIVED_BEFORE}{within}"
        f" AND {_COUNTED_AT.format('p.seq')}"
        f") {alias} ON true"
    )


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
        first = f"least({_MONTH.format('p')}::date, p.vou_date - {days - 1})"
        last = f"({_MONTH.format('p')} + INTERVAL '1 month')::date - 1"
        return f"h.vou_date BETWEEN {first} AND {last}"
    if all(fact.bucket is Bucket.YEAR for fact in facts):
        return ""
    return f"h.vou_date BETWEEN p.vou_date - {days - 1} AND p.vou_date"


_Emit = Callable[[str, Sequence[Fact]], list[str]]


def _family(fact: Fact) -> tuple[object, ...]:
    """Facts with equal family share one pass: same keys and window."""
    return (fact.over, fact.bucket, fact.days)


def _grouped(facts: Sequence[Fact], vocabulary: Vocabulary, emit: _Emit) -> FactSql:
    ctes: list[str] = []
    joins: list[str] = []
    values: dict[str, str] = {}
    ordered = sorted(facts, key=lambda fact: (repr(_family(fact)), fact.name))
    for number, (_, group) in enumerate(groupby(ordered, key=_family)):
        members = list(group)
        alias = f"g{number}"
        ctes.extend(emit(alias, members))
        joins.append(f"LEFT JOIN {alias} ON {alias}.seq = p.seq")
        closed = emit is _closed
        for fact in members:
            found = f"{alias}.{fact.name}"
            combined = (
                _closed_value(fact, found) if closed else _with_current(fact, found)
            )
            values[fact.name] = _unless_keyless(fact, combined, vocabulary)
    return FactSql(ctes=tuple(ctes), joins=tuple(joins), values=values)


def _closed_value(fact: Fact, found: str) -> str:
    """Take the measure as it is: a closed window already holds the row itself."""
    return found if fact.measure is Measure.MAX else f"coalesce({found}, 0)"


def _bucket_column(fact: Fact, row: str) -> dict[str, str]:
    """Return the column that names the bucket, if any: name → expression."""
    match fact.bucket:
        case Bucket.DAY | Bucket.DAYS:
            return {"vou_date": f"{row}.vou_date"}
        case Bucket.MONTH:
            return {"vou_month": _MONTH.format(row)}
        case Bucket.YEAR:
            return {"fiscal_year": f"{row}.fiscal_year"}
        case Bucket.ALL:
            return {}


def _group_columns(fact: Fact, row: str) -> dict[str, str]:
    """Return what payments of one group share: name → expression."""
    keys = {name: f"{row}.{name}" for name in ("stage", *fact.over)}
    return keys | _bucket_column(fact, row)


def _present(fact: Fact, row: str) -> str:
    return " AND ".join(f"{row}.{name} IS NOT NULL" for name in fact.over)


def _sweep(alias: str, facts: Sequence[Fact]) -> list[str]:
    if facts[0].bucket is Bucket.DAYS:
        return [_sweep_days(alias, facts)]
    return [
        _grouped_history(alias, "before", facts, _BEFORE),
        _sweep_bucket(alias, facts),
    ]


def _sweep_bucket(alias: str, facts: Sequence[Fact]) -> str:
    """Window over the batch, plus what the grouped history already holds."""
    columns = _group_columns(facts[0], "q")
    window = (
        f"OVER (PARTITION BY {', '.join(columns.values())} ORDER BY q.seq"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    )
    measures = []
    for fact in facts:
        inside = f"{_measure(fact, 'q')} FILTER (WHERE {_counted(fact, 'q')}) {window}"
        measures.append(f"{_plus(fact, inside, f'b.{fact.name}')} AS {fact.name}")
    on = " AND ".join(f"b.{name} = {sql}" for name, sql in columns.items())
    return (
        f"{alias} AS (SELECT q.seq, {', '.join(measures)} FROM incoming q"
        f" LEFT JOIN {alias}_before b ON {on} WHERE {_present(facts[0], 'q')})"
    )


def _plus(fact: Fact, one: str, other: str) -> str:
    if fact.measure is Measure.MAX:
        return f"greatest({one}, {other})"
    return f"coalesce({one}, 0) + coalesce({other}, 0)"


def _grouped_history(
    alias: str, suffix: str, facts: Sequence[Fact], reached: str
) -> str:
    """Group the history of the batch's distinct keys and buckets, as far as reached."""
    first = facts[0]
    measures = [
        f"{_measure(fact, 'h')} FILTER (WHERE {_counted(fact, 'h')}) AS {fact.name}"
        for fact in facts
    ]
    touched = _group_columns(first, "q")
    selected = ", ".join(f"{sql} AS {name}" for name, sql in touched.items())
    on = " AND ".join(
        f"{sql} = t.{name}" for name, sql in _group_columns(first, "h").items()
    )
    chosen = ", ".join(f"t.{name}" for name in touched)
    return (
        f"{alias}_{suffix} AS (SELECT {chosen}, {', '.join(measures)} FROM"
        f" (SELECT DISTINCT {selected} FROM incoming q WHERE {_present(first, 'q')}) t"
        f" JOIN payment h ON {on} AND {reached} GROUP BY {chosen})"
    )


def _sweep_days(alias: str, facts: Sequence[Fact]) -> str:
    """Look back over days: earlier days by range, the same day by arrival."""
    first = facts[0]
    keys = ", ".join(f"u.{name}" for name in ("stage", *first.over))
    earlier = (
        f"OVER (PARTITION BY {keys} ORDER BY u.vou_date RANGE BETWEEN"
        f" INTERVAL '{first.days - 1} days' PRECEDING AND INTERVAL '1 day' PRECEDING)"
    )
    same_day = (
        f"OVER (PARTITION BY {keys}, u.vou_date ORDER BY u.seq"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    )
    measures = []
    for fact in facts:
        counted = f"{_measure(fact, 'u')} FILTER (WHERE {_counted(fact, 'u')})"
        both = _plus(fact, f"{counted} {earlier}", f"{counted} {same_day}")
        measures.append(f"{both} AS {fact.name}")
    wanted = sorted(
        {"seq", "stage", "vou_date", "live", "tally", "pay_amt", *first.over}
        | {field for fact in facts for field in fact.where}
    )
    columns = ", ".join(f"{{0}}.{name}" for name in wanted)
    touched = " AND ".join(f"q.{name} = h.{name}" for name in first.over)
    return (
        f"{alias} AS (SELECT * FROM (SELECT u.seq, {', '.join(measures)} FROM ("
        f"SELECT {columns.format('h')} FROM payment h"
        f" WHERE {_BEFORE}"
        f" AND h.vou_date > (SELECT min(vou_date) FROM incoming) - {first.days}"
        # Hash joins of PostgreSQL 18 compare rows with NULL keys one by one.
        f" AND {_present(first, 'h')}"
        f" AND EXISTS (SELECT 1 FROM incoming q WHERE {touched})"
        f" UNION ALL SELECT {columns.format('q')} FROM incoming q"
        f" WHERE {_present(first, 'q')}) u) w"
        f" WHERE w.seq >= (SELECT min(seq) FROM incoming))"
    )


def _closed(alias: str, facts: Sequence[Fact]) -> list[str]:
    """Everything in the closed window known at ``as_of``."""
    first = facts[0]
    is_shared = all(fact.include_current for fact in facts)
    if is_shared and first.bucket is not Bucket.DAYS:
        return [_grouped_history(alias, "whole", facts, _KNOWN), _whole(alias, facts)]
    measures = []
    for fact in facts:
        others = [] if fact.include_current else ["h.seq <> q.seq"]
        tests = _counted(fact, "h", others)
        measures.append(f"{_measure(fact, 'h')} FILTER (WHERE {tests}) AS {fact.name}")
    on = " AND ".join(f"h.{name} = q.{name}" for name in ("stage", *first.over))
    body = (
        f"{alias} AS (SELECT q.seq, {', '.join(measures)} FROM incoming q"
        f" JOIN payment h ON {on} AND h.seq <= q.as_of"
        f" AND {_COUNTED_AT.format('q.as_of')}"
        f" AND {_in_window(first, 'h', 'q')} GROUP BY q.seq)"
    )
    return [body]


def _whole(alias: str, facts: Sequence[Fact]) -> str:
    """Give every row what its group holds: rows of one window share one value."""
    columns = _group_columns(facts[0], "q")
    on = " AND ".join(f"b.{name} = {sql}" for name, sql in columns.items())
    values = ", ".join(f"b.{fact.name}" for fact in facts)
    return (
        f"{alias} AS (SELECT q.seq, {values} FROM incoming q"
        f" JOIN {alias}_whole b ON {on})"
    )
