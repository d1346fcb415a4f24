"""Enriched payments: every value the rules read, as ready columns for all engines."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import duckdb
import psycopg2.extensions
import pyarrow as pa
from translate import variable

from kuwei_shared.rules.compiler import Statement, compile_rules
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.printer import Dialect
from kuwei_shared.screening.effective import EffectiveCatalogue

Cursor = psycopg2.extensions.cursor
_DUCK = {"numeric": "decimal(18,2)"}


@dataclass(frozen=True, kw_only=True)
class Enriched:
    """A table ``enriched`` in PostgreSQL, and how to read it.

    Attributes:
        statement: the compiled realtime catalogue.
        types: operand → PostgreSQL type, in column order, ``seq`` left out.
    """

    statement: Statement
    types: dict[str, str]
    count: int


def comparable(effective: EffectiveCatalogue) -> Statement:
    """Return the realtime rules with word lists free of false friends.

    The other engines cannot blank a word out of a text; without false friends the
    predicates are the same for everybody and no rule has to be left out.
    """
    catalogue = effective.catalogue
    plain = {name: replace(one, friends=()) for name, one in catalogue.lists.items()}
    return compile_rules(replace(catalogue, lists=plain), effective.rules)


def enrich(cursor: Cursor, statement: Statement) -> Enriched:
    """Make table ``enriched`` of every payment in the ledger, facts computed."""
    cursor.execute(
        "CREATE TEMP TABLE swept AS SELECT p.*, p.seq AS as_of FROM payment p"
    )
    cursor.execute("ANALYZE swept")
    enriched = statement.enriched("SELECT * FROM swept", Plan.SWEEP)
    cursor.execute(f"CREATE TABLE enriched AS {enriched}")
    cursor.execute("ANALYZE enriched")
    cursor.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = 'enriched'::regclass AND attnum > 1 ORDER BY attnum"
    )
    types = dict(cursor.fetchall())
    cursor.execute("SELECT count(*) FROM enriched")
    [(count,)] = cursor.fetchall()
    return Enriched(statement=statement, types=types, count=count)


def read(cursor: Cursor, enriched: Enriched, limit: int) -> list[tuple[Any, ...]]:
    """Return enriched rows spread over the ledger. Any: values of every type."""
    columns = ", ".join(f'"{name}"' for name in enriched.types)
    step = max(1, enriched.count // limit)
    cursor.execute(
        f"SELECT {columns} FROM enriched WHERE seq % {step} = 0 ORDER BY seq"
        f" LIMIT {limit}"
    )
    return list(cursor.fetchall())


def as_floats(enriched: Enriched, row: tuple[Any, ...]) -> dict[str, Any]:
    """Return a row as the other engines take it: numbers floats, dates day numbers."""
    names = map(variable, enriched.types)
    return dict(zip(names, map(_plain, row), strict=True))


def _plain(value: object) -> object:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | Decimal):
        return float(value)
    if isinstance(value, dt.date):
        return float(value.toordinal())
    raise TypeError(value)


def into_duckdb(cursor: Cursor, enriched: Enriched, times: int) -> tuple[Any, int]:
    """Return a DuckDB connection holding the rows ``times`` over, and their count.

    Any: duckdb's connection class has no public name in its stubs.
    """
    columns = list(enriched.types)
    cursor.execute(
        "SELECT seq, " + ", ".join(f'"{n}"' for n in columns) + " FROM enriched"
    )
    found = list(zip(*cursor.fetchall(), strict=True))
    table = pa.table(dict(zip(["seq", *columns], map(list, found), strict=True)))
    duck = duckdb.connect()
    declared = ", ".join(f'"{n}" {_DUCK.get(t, t)}' for n, t in enriched.types.items())
    duck.execute(f"CREATE TABLE enriched (seq bigint, {declared})")
    duck.register("arrow", table)
    duck.execute(f"INSERT INTO enriched SELECT arrow.* FROM arrow, range({times:d})")
    return duck, enriched.count * times


def judged(statement: Statement, dialect: Dialect) -> str:
    """Return the SELECT that judges every enriched row."""
    return statement.judged(dialect, "SELECT * FROM enriched")
