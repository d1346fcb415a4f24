"""Where a rule hits here, by month and by unit."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text
from sqlalchemy.orm import Session

from kuwei_node.effective.domain import MonthHits, UnitHits
from kuwei_shared.db.paging import within
from kuwei_shared.identity.scope import VisibleJurisdictions

_HITS = ("hit", "vou_date")
_ALERTS = ("alert", "first_day")


def months(
    session: Session,
    scope: VisibleJurisdictions,
    rule_id: str,
    since: dt.date,
    *,
    of_alerts: bool = False,
) -> list[MonthHits]:
    """Return a rule's hits, or its alerts, by month from a day on."""
    table, day = _ALERTS if of_alerts else _HITS
    where, values = within(scope, "mof_div_code")
    there = ["hit_count > 0"] if of_alerts else []
    condition = " AND ".join(["rule_id = :rule", f"{day} >= :since", *there, *where])
    rows = session.execute(
        text(
            f"SELECT to_char({day}, 'YYYY-MM') AS month, count(*) AS hits"
            f" FROM {table} WHERE {condition} GROUP BY 1 ORDER BY 1"
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


def alerted_units(
    session: Session,
    scope: VisibleJurisdictions,
    rule_id: str,
    *,
    since: dt.date,
    limit: int,
) -> list[UnitHits]:
    """Return the units with most alerts of a rule from a day on.

    Of an alert on a bank or an account the unit is missing.
    """
    where, values = within(scope, "a.mof_div_code")
    named = ["a.rule_id = :rule", "a.first_day >= :since", "a.hit_count > 0"]
    rows = session.execute(
        text(
            "SELECT a.agency_code, coalesce((SELECT p.agency_name FROM payment p"
            " WHERE p.seq = max(a.last_payment_seq)), (SELECT g.agency_name"
            " FROM agency g WHERE g.agency_code = a.agency_code"
            " ORDER BY g.known_from DESC LIMIT 1)) AS agency_name,"
            " count(*) AS hits, max(a.first_day) AS last_on"
            f" FROM alert a WHERE {' AND '.join([*named, *where])}"
            " GROUP BY a.agency_code ORDER BY 3 DESC, 1 LIMIT :limit"
        ),
        {**values, "rule": rule_id, "since": since, "limit": limit},
    )
    return [UnitHits(**row) for row in rows.mappings()]
