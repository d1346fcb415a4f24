"""Where a rule hits here, by month and by unit."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text
from sqlalchemy.orm import Session

from kuwei_node.effective.domain import MonthHits, UnitHits
from kuwei_shared.db.paging import within
from kuwei_shared.identity.scope import VisibleJurisdictions


def months(
    session: Session, scope: VisibleJurisdictions, rule_id: str, since: dt.date
) -> list[MonthHits]:
    """Return a rule's hits by month from a day on."""
    where, values = within(scope, "mof_div_code")
    condition = " AND ".join(["rule_id = :rule", "vou_date >= :since", *where])
    rows = session.execute(
        text(
            "SELECT to_char(vou_date, 'YYYY-MM') AS month, count(*) AS hits"
            f" FROM hit WHERE {condition} GROUP BY 1 ORDER BY 1"
        ),
        {**values, "rule": rule_id, "since": since},
    )
    return [MonthHits(**row) for row in rows.mappings()]


def units(
    session: Session,
    scope: VisibleJurisdictions,
    rule_id: str,
    *,
    since: dt.date,
    limit: int,
) -> list[UnitHits]:
    """Return the units a rule hit most from a day on."""
    where, values = within(scope, "h.mof_div_code")
    condition = " AND ".join(["h.rule_id = :rule", "h.vou_date >= :since", *where])
    rows = session.execute(
        text(
            "SELECT p.agency_code, max(p.agency_name) AS agency_name,"
            " count(*) AS hits, max(h.vou_date) AS last_on FROM hit h"
            " JOIN payment p ON p.seq = h.payment_seq"
            f" AND p.fiscal_year = h.fiscal_year WHERE {condition}"
            " GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT :limit"
        ),
        {**values, "rule": rule_id, "since": since, "limit": limit},
    )
    return [UnitHits(**row) for row in rows.mappings()]
