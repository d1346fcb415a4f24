"""Alerts of payments as they are screened: raised, or extended by further hits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from kuwei_node.alerts.domain import PAID_ANYWAY, Raising
from kuwei_shared.db.prepared import Prepared, run_verbatim
from kuwei_shared.rules.printer import quote
from kuwei_shared.rules.vocabulary import PAYMENT

KEY = "rule_id, mof_div_code, subject_key, window_start"
_LONG = frozenset({"month", "year", "all"})
"""Windows of more than a day: a hit may come that is dated before the first."""
_WINDOW_START = (
    "CASE r.win WHEN 'month' THEN date_trunc('month', p.vou_date)::date"
    " WHEN 'year' THEN make_date(p.fiscal_year, 1, 1)"
    " WHEN 'all' THEN DATE '0001-01-01' ELSE p.vou_date END"
)


def raising_statement(raisings: Sequence[Raising]) -> Prepared:
    """Return what raises or extends the alerts of recorded screenings.

    Its values: sequence numbers, the catalogue that judged, now. There must be at
    least one rule whose hits join.
    """
    among = ("payment", "s.payment_seq = ANY($1)")
    sql = _raising(raisings, among, compiled="$2", at="$3")
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
    if not raisings:
        return 0
    compiled, now = f"{compiled_id:d}", f"{quote(at.isoformat())}::timestamptz"
    return run_verbatim(session, _raising(raisings, among, compiled=compiled, at=now))


_PAID = Prepared(
    f"INSERT INTO alert ({KEY}, subject, first_day, severity, agency_code, hit_count,"
    " hit_amount, first_payment_seq, last_payment_seq, compiled_id, operands,"
    f" raised_at, last_at) SELECT {quote(PAID_ANYWAY.id)}, p.mof_div_code,"
    f" concat_ws('|', p.payment_id, p.stage), p.vou_date, {quote(PAYMENT)},"
    f" p.vou_date, {quote(PAID_ANYWAY.severity)}, p.agency_code, 1, p.pay_amt, p.seq,"
    " p.seq, $3, jsonb_build_object('payment_id', p.payment_id, 'pay_amt',"
    " p.pay_amt::text, 'stopped', r.stopped), $4, $4"
    " FROM unnest($1, $2) AS r(seq, stopped) JOIN payment p ON p.seq = r.seq"
    f" ORDER BY 1, 2, 3, 4 ON CONFLICT ({KEY}) DO NOTHING",
    ("bigint[]", "text[]", "bigint", "timestamptz"),
)


def raise_paid(
    session: Session, stopped: Mapping[int, str], compiled_id: int, at: dt.datetime
) -> None:
    """Raise an alert for each receipt of a payment that was stopped earlier.

    Args:
        session: the open transaction.
        stopped: receipt → what had stopped its payment.
        compiled_id: the catalogue in force.
        at: now.
    """
    _PAID.run(session, list(stopped), list(stopped.values()), compiled_id, at)


def hits_of(
    raisings: Sequence[Raising], source: str, *, columns: str, outcomes: str, where: str
) -> str:
    """Return the SELECT of hits: a row per rule hit, with the alert's key.

    Args:
        raisings: how each rule's hits join.
        source: FROM clause with the judged rows as ``p``.
        columns: what of a row an alert keeps or sums.
        outcomes: the string of outcomes, one letter per rule.
        where: which rows.
    """
    return (
        f"SELECT r.rule_id, r.severity, {columns}, {_key(raisings)} AS subject_key,"
        f" {_WINDOW_START} AS window_start FROM {source}"
        f" JOIN (VALUES {_listed(raisings)}) AS r(place, rule_id, severity, win)"
        f" ON substr({outcomes}, r.place, 1) = '1' WHERE {where}"
    )


def _raising(
    raisings: Sequence[Raising], among: tuple[str, str], *, compiled: str, at: str
) -> str:
    """Return the statement; ``compiled`` and ``at`` are constants or placeholders."""
    payments, where = among
    hits = hits_of(
        raisings,
        f"{payments} p JOIN screening s ON s.payment_seq = p.seq"
        " AND s.fiscal_year = p.fiscal_year",
        columns="p.mof_div_code, p.agency_code, p.pay_amt, p.seq, p.vou_date,"
        " s.operands",
        outcomes="s.outcomes",
        where=f"s.outcomes LIKE '%1%' AND {where}",
    )
    return (
        f"WITH hits AS (SELECT {KEY}, min(vou_date) AS first_day,"
        " min(severity) AS severity, min(agency_code) AS agency_code,"
        " count(*) AS hit_count, sum(pay_amt) AS hit_amount, min(seq) AS first_seq,"
        " max(seq) AS last_seq, (array_agg(operands ORDER BY seq DESC))[1] AS operands"
        f" FROM ({hits}) hits GROUP BY {KEY}){_moved(raisings)}"
        " INSERT INTO alert (rule_id, mof_div_code, subject_key, window_start,"
        " subject, first_day, severity, agency_code, hit_count, hit_amount,"
        " first_payment_seq, last_payment_seq, compiled_id, operands, raised_at,"
        f" last_at) SELECT {KEY}, {quote(PAYMENT)}, first_day, severity, agency_code,"
        f" hit_count, hit_amount, first_seq, last_seq, {compiled}, operands, {at}, {at}"
        # One order for all: two that raise the same alerts must not deadlock.
        f" FROM hits ORDER BY {KEY} ON CONFLICT ({KEY}) DO UPDATE SET"
        " hit_count = alert.hit_count + excluded.hit_count,"
        " hit_amount = alert.hit_amount + excluded.hit_amount,"
        " first_day = least(alert.first_day, excluded.first_day),"
        " operands = excluded.operands, last_payment_seq = excluded.last_payment_seq,"
        " compiled_id = excluded.compiled_id, last_at = excluded.last_at"
    )


def _moved(raisings: Sequence[Raising]) -> str:
    """Return what notes the days whose figures change as an alert begins earlier."""
    if not any(one.window in _LONG for one in raisings):
        return ""
    return (
        ", moved AS (INSERT INTO alert_move (mof_div_code, first_day)"
        f" SELECT a.mof_div_code, d.day FROM hits JOIN alert a USING ({KEY}),"
        " LATERAL (VALUES (a.first_day), (hits.first_day)) d(day)"
        " WHERE hits.first_day < a.first_day)"
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
