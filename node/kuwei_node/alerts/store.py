"""Alerts as rows: raised in sets, read in pages within the caller's scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from kuwei_node.alerts.domain import (
    AlertDetail,
    AlertPayment,
    AlertRecord,
    AlertRow,
    AlertSearch,
    Raising,
)
from kuwei_shared.db.paging import Listing, page_of, within
from kuwei_shared.db.prepared import Prepared, run_verbatim
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.rules.printer import quote
from kuwei_shared.rules.vocabulary import PAYMENT

_WINDOW_START = (
    "CASE r.win WHEN 'month' THEN date_trunc('month', p.vou_date)::date"
    " WHEN 'year' THEN make_date(p.fiscal_year, 1, 1)"
    " WHEN 'all' THEN DATE '0001-01-01' ELSE p.vou_date END"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hits:
    """Where hits are found and how they count; every text is this module's own.

    Attributes:
        source: FROM clause with the judged rows as ``p``.
        columns: what of a row an alert keeps or sums.
        outcomes: the string of outcomes, one letter per rule.
        where: which rows.
        measured: amount, first and last payment of a group.
        counted: how an alert raised before takes the new counts.
    """

    source: str
    columns: str
    outcomes: str
    where: str
    measured: str
    counted: str


_OF_PAYMENTS = "sum(pay_amt), min(seq), max(seq)"
_OF_OTHERS = "0, NULL, NULL"


def raising_statement(raisings: Sequence[Raising]) -> Prepared:
    """Return what raises or extends the alerts of recorded screenings.

    Its values: sequence numbers, the catalogue that judged, now. There must be at
    least one rule whose hits join.
    """
    hits = _among("payment", "s.payment_seq = ANY($1)")
    sql = _raising(raisings, hits, subject=PAYMENT, compiled="$2", at="$3")
    return Prepared(sql, ("bigint[]", "bigint", "timestamptz"))


def raise_for_rows(
    session: Session,
    raisings: Sequence[Raising],
    among: tuple[str, str],
    *,
    compiled_id: int,
    at: dt.datetime,
) -> int:
    """Raise or extend the alerts of many recorded screenings.

    Args:
        session: the open transaction.
        raisings: how each rule's hits join.
        among: table with the payments' rows, condition on their screenings ``s``.
        compiled_id: the catalogue that judged.
        at: now.

    Returns:
        How many alerts were raised or extended.
    """
    return _raise(session, raisings, _among(*among), PAYMENT, (compiled_id, at))


def raise_for_subjects(
    session: Session,
    raisings: Sequence[Raising],
    *,
    subject: str,
    table: str,
    compiled_id: int,
    at: dt.datetime,
) -> int:
    """Raise the alerts of a scheduled run from its temporary table of judged rows.

    A run sees whole windows, so a repeated run replaces counts and amounts.

    Args:
        session: the open transaction.
        raisings: how each rule's hits join.
        subject: kind of row judged.
        table: temporary table: the rows' columns and ``outcomes``, ``operands``.
        compiled_id: the catalogue that judged.
        at: now.

    Returns:
        How many alerts were raised or renewed.
    """
    hits = _Hits(
        source=f"{table} p",
        columns="p.*",
        outcomes="p.outcomes",
        where="true",
        measured=_OF_PAYMENTS if subject == PAYMENT else _OF_OTHERS,
        counted="hit_count = excluded.hit_count, hit_amount = excluded.hit_amount",
    )
    return _raise(session, raisings, hits, subject, (compiled_id, at))


def _among(payments: str, where: str) -> _Hits:
    """Return the recorded screenings of a table of payments."""
    return _Hits(
        source=f"{payments} p JOIN screening s ON s.payment_seq = p.seq"
        " AND s.fiscal_year = p.fiscal_year",
        columns="p.mof_div_code, p.agency_code, p.pay_amt, p.seq, p.vou_date,"
        " s.operands",
        outcomes="s.outcomes",
        where=f"s.outcomes LIKE '%1%' AND {where}",
        measured=_OF_PAYMENTS,
        counted="hit_count = alert.hit_count + excluded.hit_count,"
        " hit_amount = alert.hit_amount + excluded.hit_amount",
    )


def _raise(
    session: Session,
    raisings: Sequence[Raising],
    hits: _Hits,
    subject: str,
    judged: tuple[int, dt.datetime],
) -> int:
    if not raisings:
        return 0
    compiled, at = f"{judged[0]:d}", f"{quote(judged[1].isoformat())}::timestamptz"
    sql = _raising(raisings, hits, subject=subject, compiled=compiled, at=at)
    return run_verbatim(session, sql)


def _raising(
    raisings: Sequence[Raising], hits: _Hits, *, subject: str, compiled: str, at: str
) -> str:
    """Return the statement; ``compiled`` and ``at`` are constants or placeholders."""
    return (
        "INSERT INTO alert (rule_id, mof_div_code, subject, subject_key,"
        " window_start, first_day, severity, agency_code, hit_count, hit_amount,"
        " first_payment_seq, last_payment_seq, compiled_id, operands, raised_at,"
        f" last_at) SELECT rule_id, mof_div_code, {quote(subject)}, subject_key,"
        " window_start, min(vou_date), min(severity), min(agency_code), count(*),"
        f" {hits.measured}, {compiled}, (array_agg(operands ORDER BY seq DESC))[1],"
        f" {at}, {at} FROM (SELECT r.rule_id, r.severity, {hits.columns},"
        f" {_key(raisings)} AS subject_key, {_WINDOW_START} AS window_start"
        f" FROM {hits.source} JOIN (VALUES {_listed(raisings)})"
        " AS r(place, rule_id, severity, win)"
        f" ON substr({hits.outcomes}, r.place, 1) = '1' WHERE {hits.where}) hits"
        " GROUP BY rule_id, mof_div_code, subject_key, window_start"
        # One order for all: two that raise the same alerts must not deadlock.
        " ORDER BY rule_id, mof_div_code, subject_key, window_start"
        " ON CONFLICT (rule_id, mof_div_code, subject_key, window_start)"
        f" DO UPDATE SET {hits.counted}, operands = excluded.operands,"
        " last_payment_seq = excluded.last_payment_seq,"
        " compiled_id = excluded.compiled_id, last_at = excluded.last_at"
    )


def _key(raisings: Sequence[Raising]) -> str:
    """Return the SQL of the subject key: one branch per rule that says its own."""
    branches = " ".join(
        f"WHEN {one.place:d} THEN concat_ws('|', {', '.join(f'p.{n}' for n in one.by)})"
        for one in raisings
    )
    return f"CASE r.place {branches} END"


def _listed(raisings: Sequence[Raising]) -> str:
    """Return the raisings as the rows the statement joins."""
    return ", ".join(
        f"({one.place:d}, {quote(one.rule_id)}, {quote(one.severity)},"
        f" {quote(one.window)})"
        for one in raisings
    )


_ROW = (
    "a.id, a.rule_id, a.severity, a.mof_div_code, a.subject, a.subject_key,"
    " a.agency_code, a.window_start, a.first_day, a.hit_count, a.hit_amount,"
    " a.raised_at, a.last_at, coalesce((SELECT p.agency_name FROM payment p"
    " WHERE p.seq = a.last_payment_seq), (SELECT g.agency_name FROM agency g"
    " WHERE g.agency_code = a.agency_code ORDER BY g.known_from DESC LIMIT 1))"
    " AS agency_name"
)
_ORDERS = {
    "first_day": ("a.first_day", "a.id"),
    "last_at": ("a.last_at", "a.id"),
    "hit_amount": ("a.hit_amount", "a.id"),
    "hit_count": ("a.hit_count", "a.id"),
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
    if alert.rule.schedule is None:
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
        orders={"seq": ("p.seq",)},
        default="-seq",
    )
    return page_of(session, listing, request, lambda row: AlertPayment(**row))


def _row(row: RowMapping) -> AlertRow:
    return AlertRow(**row)
