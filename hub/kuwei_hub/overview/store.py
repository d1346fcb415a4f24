"""What each row of the tree comes to, itself and with everything below it.

One statement for all rows and for the whole: it walks the visible tree from each of
them, reads sums that were kept on receipt, and counts the nodes on the way.
Finished records of other features are read, none is written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from kuwei_hub.overview.domain import (
    ABSENT_AFTER,
    FEN,
    ONE_STAGE,
    Connection,
    Period,
    PlaceFigures,
    PlaceSearch,
    Sums,
    Tally,
    Whole,
)
from kuwei_hub.statistics.domain import FOLDED
from kuwei_shared.db.paging import Listing, page_of, within
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.wire.statistics import Measure

WHOLE = "whole"
"""Stands among the roots for everything looked at; no code is spelt so."""


def _at_stages(measure: Measure) -> str:
    """Return what a measure of one place comes to; a stage of nothing is none."""
    if measure in ONE_STAGE:
        return f"coalesce(max(nullif({measure}, 0)), 0) AS {measure}"
    return f"sum({measure}) AS {measure}"


_OWN = ", ".join(_at_stages(measure) for measure in FOLDED)
_NAMES = [*(measure.value for measure in FOLDED), "entries"]
_FIGURES = ", ".join(
    f"coalesce(sum(o.{name}), 0) AS {name},"
    f" coalesce(sum(o.{name}) FILTER (WHERE p.code = p.root), 0) AS own_{name}"
    for name in _NAMES
)

# UNION, not UNION ALL: a circle in the tree would end, not run for ever.
_SUMS = text(f"""
WITH RECURSIVE visible AS MATERIALIZED (
  SELECT mof_div_code AS code, fiscal_parent, host FROM jurisdiction
  WHERE :is_everything OR mof_div_code = ANY(CAST(:scope AS text[]))
), below AS (
  SELECT code AS root, code FROM visible WHERE code = ANY(CAST(:codes AS text[]))
  UNION
  SELECT b.root, v.code FROM below b JOIN visible v ON v.fiscal_parent = b.code
), part AS (
  SELECT root, code FROM below
  UNION ALL
  SELECT :whole, code FROM visible WHERE code = ANY(CAST(:everything AS text[]))
), own AS (
  SELECT mof_div_code AS code, sum(payments) AS entries, {_OWN} FROM statistic_sum
  WHERE span = 'year' AND since = :since
    AND mof_div_code = ANY(CAST(:everything AS text[])) GROUP BY 1
), member AS (
  SELECT v.code, n.state, d.state = 'active' AS is_current,
    n.last_seen_at > :seen_after AS is_present
  FROM visible v
  LEFT JOIN fleet_node n ON n.mof_div_code = v.code
  LEFT JOIN release_assignment a ON a.mof_div_code = v.code
  LEFT JOIN adoption d ON d.mof_div_code = v.code AND d.serial = a.serial
  WHERE v.host IS NULL
)
SELECT p.root, count(m.code) AS expected,
  count(*) FILTER (WHERE m.state = 'active') AS active,
  count(*) FILTER (WHERE m.state = 'suspended') AS suspended,
  count(*) FILTER (WHERE m.state = 'active' AND m.is_present) AS present,
  count(*) FILTER (WHERE m.is_current) AS current,
  {_FIGURES}
FROM part p LEFT JOIN own o ON o.code = p.code LEFT JOIN member m ON m.code = p.code
GROUP BY 1
""")


_OF_HUNDRED = "round(100 * {} / nullif({}, 0), 2)".format
_COVERAGE = _OF_HUNDRED("o.screened", "o.entries")
_ALERT_RATE = _OF_HUNDRED("o.alerts", "o.payments")
_COUNTED = ("payments", "screened", "alerts", "held", "rejected", "undetermined")
_LISTED = ", ".join(
    [
        "j.mof_div_code, j.name, j.level",
        *(f"coalesce(o.{name}, 0)::bigint AS {name}" for name in _COUNTED),
        f"round(coalesce(o.amount_fen, 0) / {FEN}, 2) AS amount",
        f"{_COVERAGE} AS coverage, {_ALERT_RATE} AS alert_rate",
    ]
)
_PLACES = f"""jurisdiction j LEFT JOIN (
  SELECT mof_div_code, sum(payments) AS entries, {_OWN} FROM statistic_sum
  WHERE span = 'year' AND since = :since GROUP BY 1) o USING (mof_div_code)"""
_LEVELS = "ARRAY['province', 'city', 'county', 'township']"
_BY = "j.mof_div_code"
_ORDERS = {
    "mof_div_code": [_BY],
    "name": ["j.name", _BY],
    "level": [f"array_position({_LEVELS}, j.level)", _BY],
    "amount": ["coalesce(o.amount_fen, 0)", _BY],
    "coverage": [_COVERAGE, _BY],
    "alert_rate": [_ALERT_RATE, _BY],
    **{name: [f"coalesce(o.{name}, 0)", _BY] for name in _COUNTED},
}


def places(
    session: Session,
    scope: VisibleJurisdictions,
    period: Period,
    search: PlaceSearch,
    request: PageRequest,
) -> Page[PlaceFigures]:
    """Return jurisdictions with their own figures, in any order."""
    where, inside = within(scope, "j.mof_div_code")
    values: dict[str, object] = {**inside, "since": period.since}
    if search.words:
        where.append(
            "(starts_with(j.mof_div_code, :words) OR strpos(j.name, :words) > 0)"
        )
        values["words"] = search.words
    if search.level:
        where.append("j.level = :level")
        values["level"] = search.level
    listing = Listing(
        columns=_LISTED,
        source=_PLACES,
        where=where,
        values=values,
        orders=_ORDERS,
        default="mof_div_code",
        sparse=("coverage", "alert_rate"),
    )
    return page_of(session, listing, request, lambda row: PlaceFigures(**row))


def sums(
    session: Session,
    scope: VisibleJurisdictions,
    codes: Sequence[str],
    *,
    everything: Sequence[str],
    period: Period,
    now: dt.datetime,
) -> tuple[dict[str, Sums], Whole]:
    """Return what jurisdictions come to; those outside the scope are left out.

    Args:
        session: the open transaction.
        scope: the caller's jurisdictions.
        codes: rows that are shown.
        everything: all that is looked at; the rows and what is below them are part.
        period: the year whose figures count.
        now: tells who is present.
    """
    values = {
        "is_everything": scope.is_everything,
        "scope": sorted(scope.codes),
        "codes": list(codes),
        "everything": list(everything),
        "whole": WHOLE,
        "since": period.since,
        "seen_after": now - ABSENT_AFTER,
    }
    rows = {row["root"]: row for row in session.execute(_SUMS, values).mappings()}
    whole = rows.pop(WHOLE, None)
    return {root: _sums(row) for root, row in rows.items()}, Whole(
        codes=everything,
        tally=Tally(figures={}, entries=0) if whole is None else _tally(whole),
        nodes=Connection() if whole is None else _nodes(whole),
    )


def _sums(row: RowMapping) -> Sums:
    return Sums(own=_tally(row, "own_"), whole=_tally(row), nodes=_nodes(row))


def _nodes(row: RowMapping) -> Connection:
    names = ("expected", "active", "suspended", "present", "current")
    return Connection(**{name: row[name] for name in names})


def _tally(row: RowMapping, prefix: str = "") -> Tally:
    return Tally(
        figures={measure: int(row[f"{prefix}{measure}"]) for measure in FOLDED},
        entries=int(row[f"{prefix}entries"]),
    )
