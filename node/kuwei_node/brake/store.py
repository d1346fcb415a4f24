"""How often a rule stops payments lately, and which rules are tripped."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from kuwei_node.brake.domain import OpenTrip, Share, Stop
from kuwei_node.brake.models import Trip
from kuwei_shared.db.prepared import Prepared


@lru_cache(maxsize=4)
def _lately(window: int) -> Prepared:
    """Return the look at so many payments; as a value it would be planned for more."""
    return Prepared(
        "WITH latest AS (SELECT s.outcomes, s.screened_at FROM"
        " (SELECT p.seq, p.fiscal_year FROM payment p WHERE p.import_id IS NULL"
        f" AND p.stage <> 'receipt' ORDER BY p.seq DESC LIMIT {window:d}) p"
        " JOIN screening s ON s.payment_seq = p.seq"
        " AND s.fiscal_year = p.fiscal_year WHERE s.compiled_id = $2)"
        " SELECT r.rule_id, count(*) FILTER (WHERE"
        " strpos(r.letters, substr(l.outcomes, r.place, 1)) > 0), count(l.outcomes)"
        " FROM json_to_recordset($1) AS r(rule_id text, place integer,"
        " letters text) LEFT JOIN LATERAL"
        " (SELECT max(t.reset_at) AS reset_at FROM brake_trip t"
        " WHERE t.rule_id = r.rule_id) t ON true LEFT JOIN latest l"
        " ON l.screened_at > coalesce(t.reset_at, '-infinity')"
        " GROUP BY r.rule_id",
        ("json", "bigint"),
    )


def stopped_lately(
    session: Session, stops: Sequence[Stop], *, compiled_id: int, window: int
) -> dict[str, tuple[int, int]]:
    """Return rule → (payments it stopped, payments) among the latest arrivals.

    Only payments that could be stopped count: no receipts, no imports. A rule
    somebody has put back begins anew: what it stopped before was judged.

    Args:
        session: the open transaction.
        stops: rules that may hold or refuse, and by which outcomes.
        compiled_id: the catalogue whose letters ``stops`` places.
        window: how many of the latest payments are looked at.
    """
    listed = json.dumps([asdict(one) for one in stops])
    rows = _lately(window).run(session, listed, compiled_id)
    return {rule_id: (stopped, seen) for rule_id, stopped, seen in rows}


VIEW_WINDOWS = 20
"""How many windows back the latest payments of each division are looked for."""


def stopped_by_division(
    session: Session, stops: Sequence[Stop], *, compiled_id: int, window: int
) -> dict[str, dict[str, Share]]:
    """Return rule → division → how it took that division's latest payments.

    What counts is as in ``stopped_lately``, but for each division by itself: many
    payments of one do not push another's out of sight.
    """
    rows = session.execute(
        text(
            "WITH latest AS (SELECT * FROM (SELECT p.seq, p.fiscal_year,"
            " p.mof_div_code, row_number() OVER (PARTITION BY p.mof_div_code"
            " ORDER BY p.seq DESC) AS turn FROM (SELECT seq, fiscal_year,"
            " mof_div_code FROM payment WHERE import_id IS NULL"
            " AND stage <> 'receipt' ORDER BY seq DESC LIMIT :view) p) p"
            " WHERE turn <= :window)"
            " SELECT r.rule_id, p.mof_div_code, count(*) FILTER (WHERE"
            " strpos(r.letters, substr(s.outcomes, r.place, 1)) > 0) AS stopped,"
            " count(*) AS seen, count(*) FILTER (WHERE"
            " substr(s.outcomes, r.place, 1) <> '-') AS judged"
            " FROM json_to_recordset(:stops) AS r(rule_id text, place integer,"
            " letters text) LEFT JOIN LATERAL (SELECT max(t.reset_at) AS reset_at"
            " FROM brake_trip t WHERE t.rule_id = r.rule_id) t ON true, latest p"
            " JOIN screening s ON s.payment_seq = p.seq"
            " AND s.fiscal_year = p.fiscal_year WHERE s.compiled_id = :compiled"
            " AND s.screened_at > coalesce(t.reset_at, '-infinity') GROUP BY 1, 2"
        ),
        {
            "stops": json.dumps([asdict(one) for one in stops]),
            "compiled": compiled_id,
            "window": window,
            "view": window * VIEW_WINDOWS,
        },
    )
    found: dict[str, dict[str, Share]] = {stop.rule_id: {} for stop in stops}
    for row in rows:
        share = Share(stopped=row.stopped, seen=row.seen, judged=row.judged)
        found[row.rule_id][row.mof_div_code] = share
    return found


def trip(
    session: Session,
    rule_id: str,
    *,
    release: str,
    at: dt.datetime,
    stopped: int,
    window: int,
) -> bool:
    """Record a trip unless the rule is tripped already; tell whether it is new."""
    result = session.execute(
        text(
            "INSERT INTO brake_trip (rule_id, release, tripped_at, stopped_count,"
            " window_count) VALUES (:rule, :release, :at, :stopped, :window)"
            " ON CONFLICT (rule_id) WHERE reset_at IS NULL DO NOTHING RETURNING id"
        ),
        {
            "rule": rule_id,
            "release": release,
            "at": at,
            "stopped": stopped,
            "window": window,
        },
    )
    return result.first() is not None


def tripped(session: Session) -> frozenset[str]:
    """Return the rules that are alert-only now."""
    rows = session.scalars(select(Trip.rule_id).where(Trip.reset_at.is_(None)))
    return frozenset(rows)


def reset(
    session: Session, rule_id: str, *, at: dt.datetime, by: str, reason: str
) -> bool:
    """Close a rule's open trip; tell whether there was one."""
    closed = (
        update(Trip)
        .where(Trip.rule_id == rule_id, Trip.reset_at.is_(None))
        .values(reset_at=at, reset_by=by, reason=reason)
        .returning(Trip.id)
    )
    return session.execute(closed).first() is not None


def open_trips(session: Session) -> list[OpenTrip]:
    """Return all open trips, newest first; there are at most as many as rules."""
    wanted = select(Trip).where(Trip.reset_at.is_(None)).order_by(Trip.id.desc())
    return [
        OpenTrip(
            rule_id=trip.rule_id,
            release=trip.release,
            tripped_at=trip.tripped_at,
            stopped_count=trip.stopped_count,
            window_count=trip.window_count,
        )
        for trip in session.scalars(wanted)
    ]
