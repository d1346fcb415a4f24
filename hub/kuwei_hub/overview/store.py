"""What each row of the tree comes to, itself and with everything below it.

One statement for all rows: it walks the visible tree from each of them, adds the
figures up by jurisdiction first, and counts the nodes on the way. Finished records
of other features are read, none is written.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from kuwei_hub.overview.domain import ABSENT_AFTER, Connection, Period, Sums, tallied
from kuwei_hub.statistics.domain import Total
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.wire.statistics import Measure

# UNION, not UNION ALL: a circle in the tree would end, not run for ever.
_SUMS = text("""
WITH RECURSIVE visible AS (
  SELECT mof_div_code AS code, fiscal_parent, host FROM jurisdiction
  WHERE :is_everything OR mof_div_code = ANY(CAST(:scope AS text[]))
), part AS (
  SELECT code AS root, code FROM visible WHERE code = ANY(CAST(:codes AS text[]))
  UNION
  SELECT part.root, v.code FROM part JOIN visible v ON v.fiscal_parent = part.code
), staged AS (
  SELECT mof_div_code AS code, measure, stage, sum(value) AS value FROM statistic
  WHERE business_day BETWEEN :since AND :until
    AND measure = ANY(CAST(:measures AS text[]))
    AND mof_div_code IN (SELECT code FROM part)
  GROUP BY 1, 2, 3
), own AS (
  SELECT code, measure, sum(value) AS over_stages, max(value) AS at_one_stage
  FROM staged GROUP BY 1, 2
), figures AS (
  SELECT p.root, o.measure,
    sum(o.over_stages) AS over_stages, sum(o.at_one_stage) AS at_one_stage,
    coalesce(sum(o.over_stages) FILTER (WHERE p.code = p.root), 0) AS own_over_stages,
    coalesce(sum(o.at_one_stage) FILTER (WHERE p.code = p.root), 0)
      AS own_at_one_stage
  FROM part p JOIN own o ON o.code = p.code GROUP BY 1, 2
), nodes AS (
  SELECT p.root, count(v.code) AS expected,
    count(*) FILTER (WHERE n.state = 'active') AS active,
    count(*) FILTER (WHERE n.state = 'suspended') AS suspended,
    count(*) FILTER (WHERE n.state = 'active' AND n.last_seen_at > :seen_after)
      AS present,
    count(*) FILTER (WHERE d.state = 'active') AS current
  FROM part p
  LEFT JOIN visible v ON v.code = p.code AND v.host IS NULL
  LEFT JOIN fleet_node n ON n.mof_div_code = v.code
  LEFT JOIN release_assignment a ON a.mof_div_code = v.code
  LEFT JOIN adoption d ON d.mof_div_code = v.code AND d.serial = a.serial
  GROUP BY 1
)
SELECT * FROM nodes LEFT JOIN figures USING (root) ORDER BY root
""")


def sums(
    session: Session,
    scope: VisibleJurisdictions,
    codes: Sequence[str],
    *,
    period: Period,
    measures: Sequence[Measure],
    now: dt.datetime,
) -> dict[str, Sums]:
    """Return what jurisdictions come to; those outside the scope are left out."""
    values = {
        "is_everything": scope.is_everything,
        "scope": sorted(scope.codes),
        "codes": list(codes),
        "since": period.since,
        "until": period.until,
        "measures": [measure.value for measure in measures],
        "seen_after": now - ABSENT_AFTER,
    }
    rows = session.execute(_SUMS, values).mappings()
    return {root: _sums(list(part)) for root, part in groupby(rows, _root)}


def _root(row: RowMapping) -> str:
    return str(row["root"])


def _sums(rows: Sequence[RowMapping]) -> Sums:
    totals: dict[str, list[Total]] = defaultdict(list)
    for row in rows:
        if row["measure"] is None:
            continue  # nothing was reported anywhere below
        for prefix in ("", "own_"):
            one = Total(
                measure=Measure(row["measure"]),
                over_stages=int(row[f"{prefix}over_stages"]),
                at_one_stage=int(row[f"{prefix}at_one_stage"]),
            )
            totals[prefix].append(one)
    names = ("expected", "active", "suspended", "present", "current")
    return Sums(
        own=tallied(totals["own_"]),
        whole=tallied(totals[""]),
        nodes=Connection(**{name: rows[0][name] for name in names}),
    )
