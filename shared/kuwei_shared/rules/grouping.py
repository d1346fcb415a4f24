"""SWEEP and CLOSED: a set of rows at once, by windows and grouped history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from kuwei_shared.rules.measuring import (
    COUNTED_AT,
    FactSql,
    counted,
    in_window,
    measure,
    unless_keyless,
    with_current,
)
from kuwei_shared.rules.vocabulary import Bucket, Fact, Measure, Vocabulary
from kuwei_shared.rules.windows import group_columns, in_bucket, over_days, plus

_BEFORE = (
    "h.seq < (SELECT min(seq) FROM incoming)"
    f" AND {COUNTED_AT.format('(SELECT max(seq) FROM incoming)')}"
)
_AS_OF = "(SELECT max(as_of) FROM incoming)"
_KNOWN = f"h.seq <= {_AS_OF} AND {COUNTED_AT.format(_AS_OF)}"

_Emit = Callable[[str, Sequence[Fact]], list[str]]


def _family(fact: Fact) -> tuple[object, ...]:
    """Facts with equal family share one pass: same keys and window."""
    return (fact.of_original, fact.over, fact.bucket, fact.days)


def grouped(facts: Sequence[Fact], vocabulary: Vocabulary, emit: _Emit) -> FactSql:
    """Return the SQL of facts, a pass per family of keys and window."""
    ctes: list[str] = []
    joins: list[str] = []
    values: dict[str, str] = {}
    ordered = sorted(facts, key=lambda fact: (repr(_family(fact)), fact.name))
    for number, (_, group) in enumerate(groupby(ordered, key=_family)):
        members = list(group)
        alias = f"g{number}"
        ctes.extend(emit(alias, members))
        joins.append(f"LEFT JOIN {alias} ON {alias}.seq = p.seq")
        is_closed = emit is closed
        for fact in members:
            found = f"{alias}.{fact.name}"
            combined = (
                _closed_value(fact, found) if is_closed else with_current(fact, found)
            )
            values[fact.name] = unless_keyless(fact, combined, vocabulary)
    return FactSql(ctes=tuple(ctes), joins=tuple(joins), values=values)


def _closed_value(fact: Fact, found: str) -> str:
    """Take the measure as it is: a closed window already holds the row itself."""
    return found if fact.measure is Measure.MAX else f"coalesce({found}, 0)"


def _present(fact: Fact, row: str) -> str:
    return " AND ".join(f"{row}.{name} IS NOT NULL" for name in fact.over)


def sweep(alias: str, facts: Sequence[Fact]) -> list[str]:
    """Return the CTEs of a family under SWEEP."""
    if facts[0].bucket is Bucket.DAYS:
        return [_sweep_days(alias, facts)]
    return [
        _grouped_history(alias, "before", facts, _BEFORE),
        _sweep_bucket(alias, facts),
    ]


def _sweep_bucket(alias: str, facts: Sequence[Fact]) -> str:
    """Window over the batch, plus what the grouped history already holds."""
    columns = group_columns(facts[0], "q")
    measures = [
        f"{plus(fact, in_bucket(fact, 'q'), f'b.{fact.name}')} AS {fact.name}"
        for fact in facts
    ]
    on = " AND ".join(f"b.{name} = {sql}" for name, sql in columns.items())
    return (
        f"{alias} AS (SELECT q.seq, {', '.join(measures)} FROM incoming q"
        f" LEFT JOIN {alias}_before b ON {on} WHERE {_present(facts[0], 'q')})"
    )


def _grouped_history(
    alias: str, suffix: str, facts: Sequence[Fact], reached: str
) -> str:
    """Group the history of the batch's distinct keys and buckets, as far as reached."""
    first = facts[0]
    measures = [
        f"{measure(fact, 'h')} FILTER (WHERE {counted(fact, 'h')}) AS {fact.name}"
        for fact in facts
    ]
    touched = group_columns(first, "q")
    selected = ", ".join(f"{sql} AS {name}" for name, sql in touched.items())
    on = " AND ".join(
        f"{sql} = t.{name}" for name, sql in group_columns(first, "h").items()
    )
    chosen = ", ".join(f"t.{name}" for name in touched)
    return (
        f"{alias}_{suffix} AS (SELECT {chosen}, {', '.join(measures)} FROM"
        f" (SELECT DISTINCT {selected} FROM incoming q WHERE {_present(first, 'q')}) t"
        f" JOIN payment h ON {on} AND {reached} GROUP BY {chosen})"
    )


def _sweep_days(alias: str, facts: Sequence[Fact]) -> str:
    """Window over the batch and the days before it."""
    first = facts[0]
    measures = [f"{over_days(fact, 'u')} AS {fact.name}" for fact in facts]
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


def closed(alias: str, facts: Sequence[Fact]) -> list[str]:
    """Everything in the closed window known at ``as_of``."""
    first = facts[0]
    if first.of_original:
        return [_originals(alias, facts)]
    is_shared = all(fact.include_current for fact in facts)
    if is_shared and first.bucket is not Bucket.DAYS:
        return [_grouped_history(alias, "whole", facts, _KNOWN), _whole(alias, facts)]
    measures = []
    for fact in facts:
        others = [] if fact.include_current else ["h.seq <> q.seq"]
        tests = counted(fact, "h", others)
        measures.append(f"{measure(fact, 'h')} FILTER (WHERE {tests}) AS {fact.name}")
    on = " AND ".join(f"h.{name} = q.{name}" for name in ("stage", *first.over))
    body = (
        f"{alias} AS (SELECT q.seq, {', '.join(measures)} FROM incoming q"
        f" JOIN payment h ON {on} AND h.seq <= q.as_of"
        f" AND {COUNTED_AT.format('q.as_of')}"
        f" AND {in_window(first, 'h', 'q')} GROUP BY q.seq)"
    )
    return [body]


def _originals(alias: str, facts: Sequence[Fact]) -> str:
    """Find what credits take back, refused and reversed payments included.

    Another division's payment is nobody's original: a credit here cannot touch it.
    What was paid at the credit's own stage comes first, as at the payment interface.
    """
    measures = ", ".join(
        f"coalesce({measure(fact, 'h')} FILTER (WHERE h.stage = q.stage),"
        f" {measure(fact, 'h')}) AS {fact.name}"
        for fact in facts
    )
    # Lateral, so that the few there are are looked up, never joined with the ledger.
    return (
        f"{alias} AS (SELECT q.seq, o.* FROM incoming q CROSS JOIN LATERAL"
        f" (SELECT {measures} FROM payment h WHERE h.payment_id = q.orig_payment_id"
        " AND h.mof_div_code = q.mof_div_code AND h.seq <= q.as_of) o"
        " WHERE q.orig_payment_id IS NOT NULL)"
    )


def _whole(alias: str, facts: Sequence[Fact]) -> str:
    """Give every row what its group holds: rows of one window share one value."""
    columns = group_columns(facts[0], "q")
    on = " AND ".join(f"b.{name} = {sql}" for name, sql in columns.items())
    values = ", ".join(f"b.{fact.name}" for fact in facts)
    return (
        f"{alias} AS (SELECT q.seq, {values} FROM incoming q"
        f" JOIN {alias}_whole b ON {on})"
    )
