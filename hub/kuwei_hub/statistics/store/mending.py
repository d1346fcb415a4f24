"""Sums held against the days they are made of, and written anew from them (ADR 21).

One jurisdiction at a time: what a step reads is small, and figures handed in
meanwhile wait for that step alone.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from kuwei_hub.statistics.domain import FOLDED, RULED, Checked
from kuwei_hub.statistics.models import NO_STAGE

STATEMENT_TIMEOUT = "10min"
"""Of one statement here; a request's half minute is not meant for operators."""

# The parts below are put together from these names alone.
_NAMES = [measure.value for measure in FOLDED]
_RULED = [measure.value for measure in RULED]


def _plain(names: list[str]) -> str:
    return ", ".join(
        f"coalesce(sum(value) FILTER (WHERE measure = '{name}'), 0) AS {name}"
        for name in names
    )


def _among(names: list[str]) -> str:
    return "measure IN ({})".format(", ".join(f"'{name}'" for name in names))


_SPANS = "unnest(ARRAY['month', 'year']) AS span"
_SINCE = "CAST(date_trunc(span, business_day) AS date) AS since"
_HEAD = f"SELECT span, {_SINCE}, mof_div_code"

_PLAIN = {
    "statistic_sum": f"""
        {_HEAD}, coalesce(stage, '{NO_STAGE}') AS stage, {_plain(_NAMES)}
        FROM statistic, {_SPANS}
        WHERE mof_div_code = :code AND {_among(_NAMES)}
        GROUP BY 1, 2, 3, 4""",
    "statistic_rule_sum": f"""
        {_HEAD}, rule_id, {_plain(_RULED)} FROM statistic, {_SPANS}
        WHERE mof_div_code = :code AND {_among(_RULED)} AND rule_id IS NOT NULL
        GROUP BY 1, 2, 3, 4""",
}
"""What each table would hold of a jurisdiction, from the days."""

TABLES = tuple(_PLAIN)

_KEYS = {
    "statistic_sum": ["span", "since", "mof_div_code", "stage"],
    "statistic_rule_sum": ["span", "since", "mof_div_code", "rule_id"],
}
_VALUES = {"statistic_sum": _NAMES, "statistic_rule_sum": _RULED}

# Keys begin with the span: leaping from one to the next finds a jurisdiction's rows
# without reading everybody's.
_LEAP = """
WITH RECURSIVE known(span, since) AS (
  (SELECT span, since FROM {table} ORDER BY 1, 2 LIMIT 1)
  UNION ALL
  SELECT later.span, later.since FROM known k CROSS JOIN LATERAL
    (SELECT span, since FROM {table} WHERE (span, since) > (k.span, k.since)
     ORDER BY 1, 2 LIMIT 1) later)
"""
_REPORTED = """
WITH RECURSIVE reported(code) AS (
  SELECT min(mof_div_code) FROM statistic
  UNION ALL
  SELECT (SELECT min(mof_div_code) FROM statistic WHERE mof_div_code > r.code)
  FROM reported r WHERE r.code IS NOT NULL)
SELECT code FROM reported WHERE code IS NOT NULL
UNION SELECT mof_div_code FROM statistic_sum
UNION SELECT mof_div_code FROM statistic_rule_sum
ORDER BY 1
"""


def places(session: Session) -> list[str]:
    """Return every jurisdiction that has figures, or sums of figures."""
    _take_time(session)
    return list(session.scalars(text(_REPORTED)))


def check(session: Session, code: str) -> dict[str, Checked]:
    """Compare a jurisdiction's sums with its days, each table in one look."""
    _take_time(session)
    return {table: _checked(session, table, code) for table in _PLAIN}


def rebuild(session: Session, code: str) -> None:
    """Write a jurisdiction's sums anew from its days.

    No figures are put in force until the transaction ends: none may be in a day and
    not in its sums. Whoever hands some in waits, at most the ``lock_timeout``.
    """
    _take_time(session)
    session.execute(text("LOCK TABLE statistic IN SHARE MODE"))
    for table, plain in _PLAIN.items():
        gone = f"""{_LEAP.format(table=table)}
            DELETE FROM {table} t USING known k
            WHERE t.span = k.span AND t.since = k.since AND t.mof_div_code = :code"""
        session.execute(text(gone), {"code": code})
        columns = ", ".join(_KEYS[table] + _VALUES[table])
        written = f"INSERT INTO {table} ({columns}) {plain}"
        session.execute(text(written), {"code": code})


def _checked(session: Session, table: str, code: str) -> Checked:
    keys, values = _KEYS[table], _VALUES[table]
    something = " OR ".join(f"{name} <> 0" for name in values)
    one, other = (", ".join(f"{side}.{name}" for name in values) for side in "pk")
    query = f"""{_LEAP.format(table=table)}
        SELECT count(*) AS sums,
          count(*) FILTER (WHERE ROW({one}) IS DISTINCT FROM ROW({other})) AS differing
        FROM (SELECT * FROM ({_PLAIN[table]}) p WHERE {something}) p
        FULL JOIN (SELECT * FROM known JOIN {table} USING (span, since)
          WHERE mof_div_code = :code AND ({something})) k
        USING ({", ".join(keys)})"""
    row = session.execute(text(query), {"code": code}).one()
    return Checked(sums=row.sums, differing=row.differing)


def _take_time(session: Session) -> None:
    session.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
