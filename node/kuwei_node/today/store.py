"""Sums over the latest days; every query is bounded by dates and uses them first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from kuwei_node.today.domain import DaySums, LatestAlert, Span
from kuwei_shared.db.paging import within
from kuwei_shared.identity.scope import VisibleJurisdictions

LATEST_SHOWN = 8


def latest_day(
    session: Session, scope: VisibleJurisdictions, today: dt.date
) -> dt.date | None:
    """Return the latest business day up to today with payments."""
    where, values = within(scope, "mof_div_code")
    condition = " AND ".join(["vou_date <= :today", *where])
    return session.execute(
        text(
            f"SELECT vou_date FROM payment WHERE {condition}"
            " ORDER BY vou_date DESC LIMIT 1"
        ),
        {**values, "today": today},
    ).scalar()


def sums(session: Session, scope: VisibleJurisdictions, span: Span) -> list[DaySums]:
    """Return counts and money per day and stage."""
    where, values = within(scope, "p.mof_div_code")
    condition = " AND ".join(["p.vou_date BETWEEN :since AND :until", *where])
    rows = session.execute(
        text(
            "SELECT p.vou_date AS day, p.stage, count(s.payment_seq) AS screened,"
            " count(*) FILTER (WHERE s.decision = 'hold') AS held,"
            " count(*) FILTER (WHERE s.decision = 'reject') AS rejected,"
            " count(*) FILTER (WHERE s.operands IS NOT NULL) AS hit,"
            " coalesce(sum(p.pay_amt), 0) AS amount FROM payment p"
            " LEFT JOIN screening s ON s.payment_seq = p.seq"
            f" AND s.fiscal_year = p.fiscal_year WHERE {condition} GROUP BY 1, 2"
        ),
        {**values, "since": span.since, "until": span.until},
    )
    return [DaySums(**row) for row in rows.mappings()]


def alerts(
    session: Session, scope: VisibleJurisdictions, span: Span
) -> dict[tuple[dt.date, str], int]:
    """Return (day of the first hit, severity) → alerts."""
    where, values = within(scope, "mof_div_code")
    condition = " AND ".join(
        ["hit_count > 0", "first_day BETWEEN :since AND :until", *where]
    )
    rows = session.execute(
        text(
            "SELECT first_day, severity, count(*) FROM alert"
            f" WHERE {condition} GROUP BY 1, 2"
        ),
        {**values, "since": span.since, "until": span.until},
    )
    return {(day, severity): count for day, severity, count in rows}


def hits(
    session: Session,
    scope: VisibleJurisdictions,
    span: Span,
    *,
    rule_ids: Sequence[str],
    limit: int,
) -> list[tuple[str, int]]:
    """Return the rules with most hits, most first."""
    where, values = within(scope, "mof_div_code")
    # Naming the rules lets the index of (rule, day) be used.
    named = ["rule_id = ANY(:ids)", "vou_date BETWEEN :since AND :until"]
    condition = " AND ".join([*named, *where])
    rows = session.execute(
        text(
            f"SELECT rule_id, count(*) FROM hit WHERE {condition}"
            " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :limit"
        ),
        {
            **values,
            "ids": list(rule_ids),
            "since": span.since,
            "until": span.until,
            "limit": limit,
        },
    )
    return [(rule_id, count) for rule_id, count in rows]


def raised(
    session: Session,
    scope: VisibleJurisdictions,
    span: Span,
    *,
    rule_ids: Sequence[str],
    limit: int,
) -> list[tuple[str, int]]:
    """Return the rules with most alerts, most first: scheduled ones leave no hits."""
    where, values = within(scope, "mof_div_code")
    named = ["rule_id = ANY(:ids)", "first_day BETWEEN :since AND :until"]
    condition = " AND ".join([*named, "hit_count > 0", *where])
    rows = session.execute(
        text(
            f"SELECT rule_id, count(*) FROM alert WHERE {condition}"
            " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :limit"
        ),
        {
            **values,
            "ids": list(rule_ids),
            "since": span.since,
            "until": span.until,
            "limit": limit,
        },
    )
    return [(rule_id, count) for rule_id, count in rows]


def undetermined(
    session: Session, scope: VisibleJurisdictions, span: Span, limit: int
) -> list[tuple[str, int]]:
    """Return the rules that could not be computed, most often first.

    Outcome strings repeat: they are counted first and taken apart afterwards.
    """
    where, values = within(scope, "p.mof_div_code")
    condition = " AND ".join(["p.vou_date BETWEEN :since AND :until", *where])
    rows = session.execute(
        text(
            "WITH seen AS (SELECT s.compiled_id, s.outcomes, count(*) AS payments"
            " FROM payment p JOIN screening s ON s.payment_seq = p.seq"
            f" AND s.fiscal_year = p.fiscal_year WHERE {condition}"
            " AND s.outcomes ~ '[?!]' GROUP BY 1, 2)"
            " SELECT c.rule_ids ->> (i - 1) AS rule_id,"
            " sum(seen.payments)::bigint FROM seen"
            " JOIN compiled_catalogue c ON c.id = seen.compiled_id,"
            " generate_series(1, length(seen.outcomes)) AS i"
            " WHERE substr(seen.outcomes, i, 1) IN ('?', '!')"
            " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :limit"
        ),
        {**values, "since": span.since, "until": span.until, "limit": limit},
    )
    return [(rule_id, count) for rule_id, count in rows]


def latest_alerts(
    session: Session, scope: VisibleJurisdictions, span: Span
) -> list[LatestAlert]:
    """Return the span's latest alerts, strongest first."""
    where, values = within(scope, "a.mof_div_code")
    condition = " AND ".join(
        ["a.hit_count > 0", "a.first_day BETWEEN :since AND :until", *where]
    )
    rows = session.execute(
        text(
            "SELECT a.id, a.rule_id, a.severity,"
            " CASE WHEN a.subject = 'payment' THEN a.hit_amount END AS amount,"
            " a.first_day AS day, a.raised_at, (SELECT max(p.agency_name)"
            " FROM payment p WHERE p.seq = a.last_payment_seq) AS agency_name"
            f" FROM alert a WHERE {condition} ORDER BY array_position("
            "ARRAY['grey', 'red', 'orange', 'yellow'], a.severity), a.id DESC"
            f" LIMIT {LATEST_SHOWN}"
        ),
        {**values, "since": span.since, "until": span.until},
    )
    return [LatestAlert(**row) for row in rows.mappings()]
