"""Alerts of scheduled rules: counted from what each day holds, however often run.

Invariants:
* an alert is the sum of its days; a run replaces the days it covered and no others;
* how runs were cut, and in which order they came, changes nothing;
* an alert none of whose hits is left stays, with a count of zero.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy.orm import Session

from kuwei_node.alerts.domain import Raising
from kuwei_node.alerts.store.raising import KEY, hits_of
from kuwei_shared.db.prepared import run_verbatim
from kuwei_shared.rules.printer import quote
from kuwei_shared.rules.vocabulary import PAYMENT

RECOUNT_LOCK = 4
"""Advisory lock of who counts alerts anew: each must see the days of the other."""


def recount(
    session: Session,
    raisings: Sequence[Raising],
    days: tuple[dt.date, dt.date],
    *,
    subject: str,
    table: str,
    compiled_id: int,
    at: dt.datetime,
) -> int:
    """Replace what a run's days hold, and count the alerts they belong to anew.

    Args:
        session: the open transaction.
        raisings: how each rule's hits join.
        days: first and last day the run covered.
        subject: kind of row judged.
        table: temporary table: the rows' columns and ``outcomes``, ``operands``.
        compiled_id: the catalogue that judged.
        at: now.

    Returns:
        How many alerts were raised, changed or withdrawn.
    """
    if not raisings:
        return 0
    rules = ", ".join(f"({quote(r.rule_id)}, {quote(r.severity)})" for r in raisings)
    ids = ", ".join(quote(one.rule_id) for one in raisings)
    first, last = (quote(str(day)) for day in days)
    covered = f"rule_id IN ({ids}) AND day BETWEEN {first} AND {last}"
    run_verbatim(session, f"SELECT pg_advisory_xact_lock({RECOUNT_LOCK:d})")
    run_verbatim(
        session, f"UPDATE alert_day SET hit_count = 0, hit_amount = 0 WHERE {covered}"
    )
    run_verbatim(session, _days(raisings, subject, table))
    now = f"{quote(at.isoformat())}::timestamptz"
    run_verbatim(session, _counted(covered, rules) + _MOVED)
    changed = run_verbatim(
        session,
        _counted(covered, rules) + _SUMMED.format(quote(subject), compiled_id, now),
    )
    run_verbatim(session, f"DELETE FROM alert_day WHERE {covered} AND hit_count = 0")
    return changed


def _days(raisings: Sequence[Raising], subject: str, table: str) -> str:
    """Return what keeps the hits of each day a run judged."""
    amount = "sum(pay_amt), min(seq), max(seq)" if subject == PAYMENT else _NO_PAYMENT
    hits = hits_of(
        raisings, f"{table} p", columns="p.*", outcomes="p.outcomes", where="true"
    )
    return (
        f"INSERT INTO alert_day ({KEY}, day, agency_code, hit_count, hit_amount,"
        f" first_payment_seq, last_payment_seq, operands) SELECT {KEY}, vou_date,"
        f" min(agency_code), count(*), {amount},"
        f" (array_agg(operands ORDER BY seq DESC))[1] FROM ({hits}) hits"
        f" GROUP BY {KEY}, vou_date ON CONFLICT ({KEY}, day) DO UPDATE SET"
        " agency_code = excluded.agency_code, hit_count = excluded.hit_count,"
        " hit_amount = excluded.hit_amount, operands = excluded.operands,"
        " first_payment_seq = excluded.first_payment_seq,"
        " last_payment_seq = excluded.last_payment_seq"
    )


_NO_PAYMENT = "0, NULL::bigint, NULL::bigint"


def _counted(covered: str, rules: str) -> str:
    """Return the CTE of the alerts a run's days belong to, counted anew.

    One that has no hit left keeps the day and the values of its last ones.
    """
    return (
        "WITH counted AS (SELECT"
        f" {KEY}, min(r.severity) AS severity, min(d.agency_code) AS agency_code,"
        " sum(hit_count)::integer AS hit_count, sum(hit_amount) AS hit_amount,"
        " coalesce(min(day) FILTER (WHERE hit_count > 0), min(day)) AS first_day,"
        " min(first_payment_seq) FILTER (WHERE hit_count > 0) AS first_seq,"
        " max(last_payment_seq) FILTER (WHERE hit_count > 0) AS last_seq,"
        " (array_agg(operands ORDER BY hit_count > 0 DESC, day DESC))[1] AS operands"
        f" FROM (SELECT DISTINCT {KEY} FROM alert_day WHERE {covered}) touched"
        f" JOIN alert_day d USING ({KEY})"
        f" JOIN (VALUES {rules}) AS r(rule_id, severity) USING (rule_id)"
        f" GROUP BY {KEY})"
    )


_MOVED = (
    " INSERT INTO alert_move (mof_div_code, first_day) SELECT a.mof_div_code, v.day"
    f" FROM counted c JOIN alert a USING ({KEY}),"
    " LATERAL (VALUES (a.first_day), (c.first_day)) v(day)"
    " WHERE (a.hit_count > 0) <> (c.hit_count > 0)"
    " OR c.hit_count > 0 AND a.first_day <> c.first_day"
)
_SUMMED = (
    " INSERT INTO alert (rule_id, mof_div_code, subject_key, window_start, subject,"
    " first_day, severity, agency_code, hit_count, hit_amount, first_payment_seq,"
    " last_payment_seq, compiled_id, operands, raised_at, last_at)"
    f" SELECT {KEY}, {{0}}, first_day, severity, agency_code, hit_count, hit_amount,"
    " first_seq, last_seq, {1}, operands, {2}, {2} FROM counted"
    # One order for all: two that raise the same alerts must not deadlock.
    f" ORDER BY {KEY} ON CONFLICT ({KEY}) DO UPDATE SET"
    " hit_count = excluded.hit_count, hit_amount = excluded.hit_amount,"
    " first_day = CASE WHEN excluded.hit_count > 0 THEN excluded.first_day"
    " ELSE alert.first_day END, operands = excluded.operands,"
    " first_payment_seq = coalesce(excluded.first_payment_seq,"
    " alert.first_payment_seq), last_payment_seq = coalesce("
    "excluded.last_payment_seq, alert.last_payment_seq),"
    " compiled_id = excluded.compiled_id, last_at = excluded.last_at"
    " WHERE (alert.hit_count, alert.hit_amount, alert.first_day, alert.operands)"
    " IS DISTINCT FROM (excluded.hit_count, excluded.hit_amount, excluded.first_day,"
    " excluded.operands)"
)
