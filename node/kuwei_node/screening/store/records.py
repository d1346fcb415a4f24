"""What was found is kept: one row per payment, one per hit, one per catalogue.

All of it is set work, and the node's own act: nothing here takes a scope.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from kuwei_node.payments.service import APPENDED, Appended
from kuwei_node.screening.domain import CompiledRecord, Judgement, Kept
from kuwei_node.screening.store.judging import decode
from kuwei_shared.db.prepared import Prepared, run_verbatim
from kuwei_shared.rules.compiler import HIT, Statement
from kuwei_shared.rules.crowding import crowds
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.model import Status
from kuwei_shared.rules.printer import Dialect, constant, quote
from kuwei_shared.rules.running import Total
from kuwei_shared.screening.decision import Decision, Outcome, places
from kuwei_shared.screening.effective import EffectiveCatalogue

_RECORD = Prepared(
    "INSERT INTO screening (payment_seq, fiscal_year, compiled_id, decision, weight,"
    " outcomes, operands, screened_at)"
    " SELECT r.seq, r.fiscal_year, $2, r.decision, r.weight, r.outcomes,"
    " r.operands, $3 FROM json_to_recordset($1) AS r(seq bigint, fiscal_year integer,"
    " decision text, weight smallint, outcomes text, operands jsonb)",
    ("json", "bigint", "timestamptz"),
)


def record(
    session: Session, rows: Sequence[dict[str, Any]], compiled_id: int, at: dt.datetime
) -> None:
    """Keep judgements with the decision that was answered.

    Any: rows hold a judgement's fields and ``fiscal_year`` and ``decision``.
    """
    packed = orjson.dumps(rows, default=str).decode()
    _RECORD.run(session, packed, compiled_id, at)


def screen_appended(
    session: Session,
    statement: Statement,
    totals: Mapping[Total, int],
    *,
    count: int,
    compiled_id: int,
    at: dt.datetime,
) -> int:
    """Judge and record the payments an import has just appended, as a set.

    Their money has moved, so whatever the weight the decision is ``pass``; hits
    become alerts all the same.

    Returns:
        How many payments were screened.
    """
    # Enough to sort a group of payments in memory.
    run_verbatim(session, "SET LOCAL work_mem = '64MB'")
    incoming = f"SELECT a.*, a.seq AS as_of FROM {APPENDED} a"
    keys = statement.keys_probed(totals)
    crowded = session.execute(text(f"SELECT {crowds(keys, APPENDED, count)}"))
    plan = Plan.CROWD if crowded.scalar_one() else Plan.ARRIVAL
    judged = statement.sql(Dialect.POSTGRES, incoming, plan, totals)
    return run_verbatim(
        session,
        "INSERT INTO screening (payment_seq, fiscal_year, compiled_id, decision,"
        " weight, outcomes, operands, screened_at)"
        f" SELECT j.seq, p.fiscal_year, {compiled_id:d}, 'pass', j.weight, j.outcomes,"
        f" j.operands, {quote(at.isoformat())}::timestamptz"
        f" FROM ({judged}) j JOIN {APPENDED} p ON p.seq = j.seq",
    )


def appended_years(session: Session) -> dict[int, int]:
    """Return sequence number → budget year of the payments just appended."""
    rows = session.execute(text(f"SELECT seq, fiscal_year FROM {APPENDED} ORDER BY 1"))
    return {row.seq: row.fiscal_year for row in rows}


_HITS = Prepared(
    "INSERT INTO hit (payment_seq, rule_id, fiscal_year, mof_div_code, vou_date,"
    " severity, is_trial, pay_amt) SELECT p.seq, h.rule_id, p.fiscal_year,"
    " p.mof_div_code, p.vou_date, h.severity, h.is_trial, p.pay_amt"
    " FROM unnest($1, $2, $3, $4) AS h(seq, rule_id, severity, is_trial)"
    " JOIN payment p ON p.seq = h.seq ON CONFLICT DO NOTHING",
    ("bigint[]", "text[]", "text[]", "boolean[]"),
)


def record_hits(
    session: Session, effective: EffectiveCatalogue, judged: Iterable[Judgement]
) -> None:
    """Keep a row for every rule some payments hit.

    Args:
        session: the open transaction.
        effective: the catalogue that judged them; gives the letters' order.
        judged: what was judged of payments that are in the ledger.
    """
    rules = [one.rule for one in effective.realtime.rules]
    hits = [
        (one.seq, rules[place])
        for one in judged
        for place in places(one.outcomes, Outcome.HIT)
    ]
    _HITS.run(
        session,
        [seq for seq, _ in hits],
        [rule.id for _, rule in hits],
        [rule.severity.value for _, rule in hits],
        [rule.status is Status.TRIAL for _, rule in hits],
    )


def among(appended: Appended) -> str:
    """Return the condition that keeps to the screenings ``s`` of appended payments."""
    return f"s.payment_seq BETWEEN {appended.first_seq:d} AND {appended.last_seq:d}"


def record_appended_hits(
    session: Session, effective: EffectiveCatalogue, appended: Appended
) -> None:
    """Keep a row for every rule the payments an import has just appended hit."""
    rules = ", ".join(
        f"({place:d}, {quote(one.rule.id)}, {quote(one.rule.severity)},"
        f" {constant(one.rule.status is Status.TRIAL)})"
        for place, one in enumerate(effective.realtime.rules, start=1)
    )
    run_verbatim(
        session,
        "INSERT INTO hit (payment_seq, rule_id, fiscal_year, mof_div_code,"
        " vou_date, severity, is_trial, pay_amt)"
        " SELECT p.seq, r.rule_id, p.fiscal_year, p.mof_div_code, p.vou_date,"
        f" r.severity, r.is_trial, p.pay_amt FROM {APPENDED} p JOIN screening s"
        " ON s.payment_seq = p.seq AND s.fiscal_year = p.fiscal_year"
        f" JOIN (VALUES {rules}) AS r(place, rule_id, severity, is_trial)"
        f" ON substr(s.outcomes, r.place, 1) = '{HIT}'"
        f" WHERE s.outcomes LIKE '%{HIT}%' AND {among(appended)}"
        " ON CONFLICT DO NOTHING",
    )


_KEPT = Prepared(
    "SELECT s.payment_seq, p.vou_date, p.payment_id, p.stage, s.compiled_id,"
    " s.decision, s.outcomes, s.operands::text, s.weight, h.state FROM screening s"
    " JOIN payment p ON p.seq = s.payment_seq AND p.fiscal_year = s.fiscal_year"
    " LEFT JOIN hold h ON h.payment_seq = p.seq"
    " WHERE s.payment_seq = ANY($1)",
    ("bigint[]",),
)


def kept(session: Session, seqs: list[int]) -> list[Kept]:
    """Return recorded screenings by sequence number."""
    return [
        Kept(
            seq=row[0],
            vou_date=row[1],
            payment_id=row[2],
            stage=row[3],
            compiled_id=row[4],
            decision=Decision(row[5]),
            outcomes=row[6],
            operands=decode(row[7]) if row[7] else None,
            weight=row[8],
            standing=row[9],
        )
        for row in _KEPT.run(session, seqs)
    ]


# Whatever the budget year: who says another one stays stopped.
_EARLIER_STAGE = (
    "SELECT later.seq, max(CASE WHEN s.decision = 'reject' OR h.state = 'refused'"
    " THEN 'reject' WHEN h.state = 'held' THEN 'hold' END) FROM {0} later"
    " JOIN payment p ON p.payment_id = later.payment_id"
    " AND p.mof_div_code = later.mof_div_code"
    " JOIN screening s ON s.payment_seq = p.seq AND s.fiscal_year = p.fiscal_year"
    " LEFT JOIN hold h ON h.payment_seq = p.seq"
    " WHERE {1} AND (s.decision = 'reject' OR h.state IN ('held', 'refused'))"
    " GROUP BY later.seq"
)
_STOPPED = Prepared(
    _EARLIER_STAGE.format(
        "payment",
        "later.seq = ANY($1) AND (p.stage = 'request' AND later.stage = 'voucher'"
        " OR p.stage IN ('request', 'voucher') AND later.stage = 'receipt')",
    ),
    ("bigint[]",),
)
# At a node that takes in files alone nothing is ever stopped: the first condition
# then saves the look, which costs an index probe for each receipt.
_COULD_STOP = "p.import_id IS NULL AND p.stage <> 'receipt'"
_APPENDED_STOPPED = _EARLIER_STAGE.format(
    APPENDED,
    f"(SELECT EXISTS (SELECT FROM payment p WHERE {_COULD_STOP}))"
    f" AND later.stage = 'receipt' AND {_COULD_STOP}",
)


def stopped_earlier(session: Session, seqs: list[int]) -> dict[int, Decision]:
    """Return payments that were refused or are still held at an earlier stage."""
    rows = _STOPPED.run(session, seqs)
    return {seq: Decision(decision) for seq, decision in rows}


def appended_stopped_earlier(session: Session) -> dict[int, Decision]:
    """Return such receipts among the payments an import has just appended."""
    rows = session.execute(text(_APPENDED_STOPPED))
    return {seq: Decision(decision) for seq, decision in rows}


def compiled_record(session: Session, number: int) -> CompiledRecord:
    """Return what is recorded of an effective catalogue that screened something."""
    row = session.execute(
        text(
            "SELECT release, tuning, first_used_at FROM compiled_catalogue"
            " WHERE id = :id"
        ),
        {"id": number},
    ).one()
    return CompiledRecord(
        release=row.release, tuning=row.tuning, first_used_at=row.first_used_at
    )
