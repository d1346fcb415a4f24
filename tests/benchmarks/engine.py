"""The engine alone against two others: one payment per call, and in sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import house
import rows
from clock import best_in_turn, best_s
from plain import plainly
from rivals import Judge, rivals, sayable

from kuwei_shared.rules.compiler import HIT, Statement
from kuwei_shared.rules.printer import Dialect

SAMPLE = 1_000
CALLS = 100
TURNS = 3
DUCK_ROWS = 500_000

Figures = dict[str, Any]
"""Any: JSON."""


def run(found: house.House) -> list[Figures]:
    """Measure on the payments the ledger holds."""
    statement, left_out = sayable(rows.comparable(found.effective()))
    with found.connection() as plain, plain.cursor() as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        enriched = rows.enrich(cursor, statement)
        sample = rows.read(cursor, enriched, SAMPLE)
        facts = [rows.as_floats(enriched, row) for row in sample]
        ours = prepare(cursor, enriched)
        judges = rivals(statement)
        agree(statement, sample, facts, ours, judges)
        singles = one_by_one(sample, facts, ours, judges)
        sets = in_sets(cursor, enriched)
    about = {
        "name": f"rules judged (left out: {', '.join(left_out) or 'none'})",
        "value": len(statement.rules),
        "unit": "rules",
    }
    return [about, *report(singles, sets)]


def prepare(
    cursor: rows.Cursor, enriched: rows.Enriched
) -> Callable[[tuple[Any, ...]], str]:
    """Prepare the judging of one row of ready columns; return the call."""
    columns = ", ".join(f'${at} AS "{n}"' for at, n in enumerate(enriched.types, 1))
    judged = enriched.statement.judged(
        Dialect.POSTGRES, f"SELECT 0::bigint AS seq, {columns}"
    )
    types = ", ".join(enriched.types.values())
    cursor.execute(f"PREPARE one ({types}) AS SELECT j.outcomes FROM ({judged}) j")
    call = f"EXECUTE one ({', '.join(['%s'] * len(enriched.types))})"

    def judge(row: tuple[Any, ...]) -> str:
        cursor.execute(call, row)
        [(outcomes,)] = cursor.fetchall()
        return str(outcomes)

    return judge


def agree(
    statement: Statement,
    sample: Sequence[tuple[Any, ...]],
    facts: Sequence[dict[str, Any]],
    ours: Callable[[tuple[Any, ...]], str],
    judges: dict[str, Judge],
) -> None:
    """Refuse to time engines that do not say the same of the sample."""
    expected = [[letter == HIT for letter in ours(row)] for row in sample]
    for name in ("zen packed", "cel packed"):
        for want, given in zip(expected, facts, strict=True):
            got = [bool(one) for one in judges[name](given)]
            if got != want:
                rules = zip(statement.rules, got, want, strict=True)
                wrong = [one.rule.id for one, a, b in rules if a != b]
                message = f"{name} disagrees on {wrong}"
                raise AssertionError(message)


def one_by_one(
    sample: Sequence[tuple[Any, ...]],
    facts: Sequence[dict[str, Any]],
    ours: Callable[[tuple[Any, ...]], str],
    judges: dict[str, Judge],
) -> dict[str, float]:
    """Return µs per payment, one payment per call."""
    turns: dict[str, Callable[[], object]] = {
        name: partial(_all, judge, facts[:CALLS]) for name, judge in judges.items()
    }
    turns["kuwei"] = partial(_all, ours, sample[:CALLS])
    taken = best_in_turn(turns, TURNS)
    return {name: seconds / CALLS * 1e6 for name, seconds in taken.items()}


def _all(judge: Callable[[Any], object], given: Sequence[Any]) -> None:
    for one in given:
        judge(one)


def in_sets(cursor: rows.Cursor, enriched: rows.Enriched) -> dict[str, float]:
    """Return µs per payment over sets, in PostgreSQL and DuckDB."""
    postgres = rows.judged(enriched.statement, Dialect.POSTGRES)
    counting = f"SELECT sum(length(outcomes)) FROM ({postgres}) j"
    times = max(1, DUCK_ROWS // enriched.count)
    duck, duck_rows = rows.into_duckdb(cursor, enriched, times)
    keep = "CREATE OR REPLACE TEMP TABLE kept AS "
    in_duckdb = rows.judged(enriched.statement, Dialect.DUCKDB)
    ours = f"SELECT seq, outcomes FROM ({in_duckdb}) j"
    by_hand = plainly(enriched.statement)
    taken = best_in_turn(
        {
            "duckdb": lambda: duck.execute(keep + ours),
            "duckdb by hand": lambda: duck.execute(keep + by_hand),
        },
        TURNS,
    )
    figures = {name: seconds / duck_rows * 1e6 for name, seconds in taken.items()}
    in_postgres = best_s(lambda: cursor.execute(counting), TURNS)
    return figures | {"postgres": in_postgres / enriched.count * 1e6}


def report(singles: dict[str, float], sets: dict[str, float]) -> list[Figures]:
    """Return a row per engine and per goal."""
    zen, packed = singles["zen rule by rule"], singles["zen packed"]
    found: list[Figures] = [
        {"name": f"one per call: {name}", "value": round(us, 1), "unit": "µs/payment"}
        for name, us in singles.items()
    ]
    found += [
        {"name": f"in sets: {name}", "value": round(us, 2), "unit": "µs/payment"}
        for name, us in sets.items()
    ]

    def goal(name: str, value: float, at_least: float) -> None:
        met = value >= at_least
        found.append(
            {
                "name": name,
                "value": round(value, 2),
                "unit": "×",
                "goal": f"≥ {at_least:g}",
                "met": met,
            }
        )

    ours = singles["kuwei"]
    goal("one per call ÷ zen, rule by rule", zen / ours, 2)
    goal("one per call ÷ zen, packed", packed / ours, 2)
    goal("one per call ÷ cel, rule by rule", singles["cel rule by rule"] / ours, 10)
    goal("one per call ÷ cel, packed", singles["cel packed"] / ours, 10)
    goal("sets in PostgreSQL ÷ zen, rule by rule", zen / sets["postgres"], 40)
    goal("sets in PostgreSQL ÷ zen, packed", packed / sets["postgres"], 40)
    goal("sets in DuckDB ÷ zen, rule by rule", zen / sets["duckdb"], 250)
    goal("sets in DuckDB ÷ zen, packed", packed / sets["duckdb"], 250)
    slower = sets["duckdb"] / sets["duckdb by hand"]
    found.append(
        {
            "name": "DuckDB: ours ÷ by hand",
            "value": round(slower, 2),
            "unit": "×",
            "goal": "≤ 1.25",
            "met": slower <= 1.25,
        }
    )
    return found
