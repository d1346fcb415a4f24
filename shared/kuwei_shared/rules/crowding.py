"""Crowds: payments of one key that are many within a set are read together.

A probe reads what came before each payment anew; of ten thousand payments to one
account that is fifty million rows. So the rows of a key that has more than
``CROWD_MIN`` payments in the set are read once, and windows over them and over the
set say what came before each payment. The set must be just appended, as for ARRIVAL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kuwei_shared.rules.measuring import COUNTED_AT
from kuwei_shared.rules.vocabulary import Bucket, Fact
from kuwei_shared.rules.windows import in_bucket, over_days

CROWD_MIN = 50
"""Payments of one key and stage in a set; up to so many are probed one by one."""
_SAMPLE = 2_500
_SAMPLED_MIN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The days a row ``p`` looks back from: expressions, and a test of ``h``'s year."""

    first: str
    last: str
    years: str


ROW = Span(first="p.vou_date", last="p.vou_date", years="h.fiscal_year = p.fiscal_year")
CROWD = Span(
    first="p.first_day",
    last="p.last_day",
    years="h.fiscal_year BETWEEN p.first_year AND p.last_year",
)


def crowd(
    alias: str, key: Sequence[str], facts: Sequence[Fact], tests: Sequence[str]
) -> str:
    """Return the CTE of what came before each payment of a crowd.

    Args:
        alias: its name; it has ``seq`` and a column per fact.
        key: fields the history is reached by, the first ones of every fact.
        facts: what is wanted.
        tests: conditions on ``h`` for what any window of a crowd ``p`` may hold.
    """
    keys = ("stage", *key)
    named = sorted(
        {"seq", "vou_date", "fiscal_year", "live", "tally", "pay_amt", *keys}
        | {name for fact in facts for name in (*fact.over, *fact.where)}
    )
    columns = ", ".join(f"{{0}}.{name}" for name in named)
    # What was reversed as it came, no later payment counts.
    fresh = columns.replace(
        "{0}.live", "({0}.live AND {0}.reversed_by IS NULL) AS live"
    )
    values = ", ".join(f"{_before(fact)} AS {fact.name}" for fact in facts)
    return (
        f"{alias} AS MATERIALIZED (WITH crowd AS MATERIALIZED ({_crowd(keys)})"
        f" SELECT w.* FROM (SELECT u.seq, u.since, {values} FROM ("
        f"SELECT h.*, p.since FROM crowd p CROSS JOIN LATERAL"
        f" (SELECT {columns.format('h')} FROM payment h WHERE {_equal('h', keys)}"
        f" AND h.seq + 0 < p.since AND {COUNTED_AT.format('p.since')}"
        f"{''.join(f' AND {test}' for test in tests)} OFFSET 0) h"
        f" UNION ALL SELECT {fresh.format('q')}, p.since FROM incoming q"
        f" JOIN crowd p ON {_equal('q', keys)}) u) w WHERE w.seq >= w.since)"
    )


def _before(fact: Fact) -> str:
    return over_days(fact, "u") if fact.bucket is Bucket.DAYS else in_bucket(fact, "u")


def _equal(row: str, keys: Sequence[str]) -> str:
    return " AND ".join(f"{row}.{name} = p.{name}" for name in keys)


def _crowd(keys: Sequence[str]) -> str:
    said = ", ".join(f"q.{name}" for name in keys)
    present = " AND ".join(f"q.{name} IS NOT NULL" for name in keys)
    return (
        f"SELECT {said}, min(q.seq) AS since, min(q.vou_date) AS first_day,"
        " max(q.vou_date) AS last_day, min(q.fiscal_year) AS first_year,"
        f" max(q.fiscal_year) AS last_year FROM incoming q WHERE {present}"
        f" GROUP BY {said} HAVING count(*) > {CROWD_MIN}"
    )


def crowds(keys: Sequence[Sequence[str]], rows: str, count: int) -> str:
    """Return a condition: whether rows just appended seem to hold a crowd.

    It looks at every so many-th of some thousand rows. What it takes for a crowd is
    counted again; a crowd it misses is probed, which is slow and no more.

    Args:
        keys: fields by which history is reached.
        rows: a table with the rows.
        count: how many they are.
    """
    step = count // _SAMPLE | 1
    least = CROWD_MIN if step == 1 else max(_SAMPLED_MIN, CROWD_MIN // (2 * step))
    tests = []
    for key in keys:
        said = ", ".join(f"q.{name}" for name in ("stage", *key))
        # Not in WHERE: all rows would be unpacked for it, not only the sample's.
        present = " AND ".join(f"q.{name} IS NOT NULL" for name in key)
        tests.append(
            f"coalesce((SELECT max(c.n) FROM (SELECT count(*) FILTER (WHERE {present})"
            f" AS n FROM {rows} q WHERE q.seq % {step:d} = 0 GROUP BY {said}) c), 0)"
            f" > {least:d}"
        )
    return " OR ".join(tests) or "false"
