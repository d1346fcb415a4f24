"""Alerts, read in pages within the caller's scope."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from kuwei_node.alerts.domain import (
    OWN,
    AlertDetail,
    AlertPayment,
    AlertRecord,
    AlertRow,
    AlertSearch,
)
from kuwei_shared.db.paging import Listing, page_of, within
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.pages import Page, PageRequest

_ROW = (
    "a.id, a.rule_id, a.severity, a.mof_div_code, a.subject, a.subject_key,"
    " a.agency_code, a.window_start, a.first_day, a.hit_count,"
    " CASE WHEN a.subject = 'payment' THEN a.hit_amount END AS hit_amount,"
    " a.raised_at, a.last_at, coalesce((SELECT p.agency_name FROM payment p"
    " WHERE p.seq = a.last_payment_seq), (SELECT g.agency_name FROM agency g"
    " WHERE g.agency_code = a.agency_code ORDER BY g.known_from DESC LIMIT 1))"
    " AS agency_name"
)
_RANK = "array_position(ARRAY['record','yellow','orange','red','grey'], a.severity)"
_ORDERS = {
    "first_day": ("a.first_day", "a.id"),
    "last_at": ("a.last_at", "a.id"),
    "hit_amount": ("a.hit_amount", "a.id"),
    "hit_count": ("a.hit_count", "a.id"),
    "rule_id": ("a.rule_id", "a.id"),
    "severity": (_RANK, "a.id"),
}
_MATCHING = {
    "rule_id": "a.rule_id = :rule_id",
    "severity": "a.severity = :severity",
    "unit": "(a.agency_code = :unit OR a.agency_code IN (SELECT g.agency_code"
    " FROM agency g WHERE strpos(g.agency_name, :unit) > 0) OR EXISTS (SELECT"
    " FROM payment p WHERE p.seq = a.last_payment_seq"
    " AND strpos(p.agency_name, :unit) > 0))",
    "since": "a.first_day >= :since",
    "until": "a.first_day <= :until",
}
_IN_WINDOW = {
    "none": "p.vou_date = :start",
    "day": "p.vou_date = :start",
    "month": "date_trunc('month', p.vou_date)::date = :start",
    "year": "p.fiscal_year = extract(year FROM CAST(:start AS date))",
}


def page(
    session: Session,
    scope: VisibleJurisdictions,
    search: AlertSearch,
    request: PageRequest,
) -> Page[AlertRow]:
    """Return a page of alerts, latest first unless asked otherwise."""
    where, codes = within(scope, "a.mof_div_code")
    values: dict[str, Any] = dict(codes)  # Any: dates and texts
    for name, condition in _MATCHING.items():
        value = getattr(search, name)
        if value is not None:
            where.append(condition)
            values[name] = value
    listing = Listing(
        columns=_ROW,
        source="alert a",
        where=where,
        values=values,
        orders=_ORDERS,
        default="-first_day",
    )
    return page_of(session, listing, request, _row)


def find(
    session: Session, scope: VisibleJurisdictions, alert_id: int
) -> AlertRecord | None:
    """Return one alert and the catalogue that judged it, None outside the scope."""
    found = session.execute(
        text(
            f"SELECT {_ROW}, a.first_payment_seq, a.last_payment_seq, a.operands,"
            " c.release, c.tuning, c.first_used_at FROM alert a"
            " JOIN compiled_catalogue c ON c.id = a.compiled_id WHERE a.id = :id"
        ),
        {"id": alert_id},
    ).mappings()
    row = found.one_or_none()
    if row is None or not scope.allows(row["mof_div_code"]):
        return None
    return AlertRecord(**row)


def payments(
    session: Session,
    scope: VisibleJurisdictions,
    alert: AlertDetail,
    request: PageRequest,
) -> Page[AlertPayment]:
    """Return the payments behind an alert, latest first."""
    where, codes = within(scope, "p.mof_div_code")
    record = alert.record
    columns = ", ".join(f"p.{name}" for name in alert.by)
    where += [
        "p.seq BETWEEN :first AND :last",
        f"concat_ws('|', {columns}) = :key",
        _IN_WINDOW.get(alert.window, "true"),
    ]
    if alert.rule.schedule is None and alert.rule.id not in OWN:
        where.append(
            "EXISTS (SELECT FROM hit h WHERE h.payment_seq = p.seq"
            " AND h.rule_id = :rule)"
        )
    listing = Listing(
        columns="p.seq, p.payment_id, p.stage, p.vou_date, p.payee_acct_name,"
        " p.use_des, p.pay_amt",
        source="payment p",
        where=where,
        values={
            **codes,
            "first": record.first_payment_seq,
            "last": record.last_payment_seq,
            "key": record.subject_key,
            "start": record.window_start,
            "rule": record.rule_id,
        },
        orders={
            "seq": ("p.seq",),
            "vou_date": ("p.vou_date", "p.seq"),
            "payment_id": ("p.payment_id", "p.seq"),
            "pay_amt": ("p.pay_amt", "p.seq"),
        },
        default="-seq",
    )
    return page_of(session, listing, request, lambda row: AlertPayment(**row))


def _row(row: RowMapping) -> AlertRow:
    return AlertRow(**row)
