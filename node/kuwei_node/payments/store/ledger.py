"""Every statement that touches the payment ledger.

Writes here are the node's own acts on what a caller was already allowed to hand
in, so they take no scope; reads for people live in the search feature.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg2.errors
from sqlalchemy import text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from kuwei_node.payments.models import LEDGER_COLUMNS, Payment
from kuwei_shared.db.prepared import Prepared, run_verbatim
from kuwei_shared.kernel.errors import Kind, KuweiError

YEAR_MIN, YEAR_MAX = 1990, 2100
PARTITIONED = ("payment", "screening")
REFERENCE_LOCK, YEARS_LOCK = 1, 2
# A power of two: an import of many units must not exhaust the server's lock table.
LOCK_STRIPES = 4_096
REVERSAL = "撤销:"
"""Begins the id of a reversal the node made; no client can send it."""
_TALLY = "CASE {0}.entry_kind WHEN 'normal' THEN 1 WHEN 'reversal' THEN -1 ELSE 0 END"


def _type(kind: TypeEngine[Any]) -> str:  # Any: its Python type plays no part
    name = str(kind).lower()
    return {"varchar": "text", "datetime": "timestamptz"}.get(name, name)


FIELDS: dict[str, str] = {
    column.name: _type(column.type)
    for column in Payment.__table__.columns
    if column.name not in LEDGER_COLUMNS
}
"""Vocabulary payment fields → PostgreSQL type, in table order."""

_NAMES = ", ".join(FIELDS)
_RECORD = ", ".join(f"{name} {kind}" for name, kind in FIELDS.items())
_SAME = " AND ".join(f"r.{name} IS NOT DISTINCT FROM p.{name}" for name in FIELDS)

# Reference data first: who waits for it must hold no unit others wait for.
_LOCK = Prepared(
    "SELECT count(pg_advisory_xact_lock(1, s.h)) FROM"
    " (SELECT pg_advisory_xact_lock_shared($2) AS still OFFSET 0) r,"
    f" LATERAL (SELECT DISTINCT hashtext(u) & {LOCK_STRIPES - 1} AS h"
    " FROM unnest($1) AS u WHERE r.still IS NOT NULL ORDER BY 1 OFFSET 0) s",
    ("text[]", "bigint"),
)
_HELD = Prepared(
    "SELECT p.payment_id, p.stage FROM unnest($1, $2) AS r(payment_id, stage)"
    " JOIN payment p ON p.payment_id = r.payment_id AND p.stage = r.stage",
    ("text[]", "text[]"),
)
_KNOWN = Prepared(
    f"SELECT p.payment_id, p.stage, p.seq, p.fiscal_year, {_SAME}"
    f" FROM json_to_recordset($1) AS r({_RECORD})"
    " JOIN payment p ON p.payment_id = r.payment_id AND p.stage = r.stage",
    ("json",),
)
_INSERT = Prepared(
    f"INSERT INTO payment (seq, tally, received_at, {_NAMES})"
    f" SELECT nextval('payment_seq'), {_TALLY.format('s')}, $2, {_NAMES} FROM ("
    f" SELECT * FROM ROWS FROM (json_to_recordset($1) AS ({_RECORD}))"
    f" WITH ORDINALITY AS r({_NAMES}, place)"
    " ORDER BY r.vou_date, r.place OFFSET 0) s RETURNING seq, payment_id, stage",
    ("json", "timestamptz"),
)
_SET_LIVE = Prepared(
    "UPDATE payment SET live = NOT (seq = ANY($2))"
    " WHERE seq = ANY($1) AND live = (seq = ANY($2))",
    ("bigint[]", "bigint[]"),
)


@dataclass(frozen=True, slots=True)
class Known:
    """A payment the ledger already holds, and whether it was the same."""

    payment_id: str
    stage: str
    seq: int
    fiscal_year: int
    is_same: bool


def ensure_years(session: Session, years: Iterable[int]) -> None:
    """Create the partitions of the given budget years unless they exist.

    One at a time: a partition locks its whole table, and two that are made at once
    would wait for each other.
    """
    session.execute(text(f"SELECT pg_advisory_xact_lock({YEARS_LOCK:d})"))
    for year in sorted(set(years)):
        if not YEAR_MIN <= year <= YEAR_MAX:
            continue
        for table in PARTITIONED:
            session.execute(
                text(
                    f"CREATE TABLE IF NOT EXISTS {table}_y{year:d} PARTITION OF {table}"
                    f" FOR VALUES FROM ({year:d}) TO ({year + 1:d})"
                )
            )


def present_years(session: Session) -> set[int]:
    """Return the budget years that have partitions."""
    rows = session.execute(
        text(
            "SELECT substring(c.relname from '_y(\\d{4})$')::int FROM pg_inherits i"
            " JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'payment'::regclass"
        )
    )
    return {row[0] for row in rows}


def lock_units(session: Session, units: Sequence[str]) -> None:
    """Serialise screenings that could see each other, until the transaction ends.

    One lock per unit of locking (budget unit, appropriation), in one order, so
    that two requests cannot deadlock; and reference data stands still meanwhile.
    """
    _LOCK.run(session, list(units), REFERENCE_LOCK)


def connection_of(session: Session) -> int:
    """Return the number PostgreSQL knows this connection by."""
    return int(session.execute(text("SELECT pg_backend_pid()")).scalar_one())


def holds_units(session: Session, connection: int) -> bool:
    """Tell whether a connection holds units of locking now."""
    found = session.execute(
        text(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND pid = :pid AND classid = 1 AND objsubid = 2 LIMIT 1"
        ),
        {"pid": connection},
    )
    return found.first() is not None


def lock_units_and_look(
    session: Session, units: Sequence[str], asked: Sequence[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Do as ``lock_units``; return which payments (id, stage) the ledger then holds."""
    ids, stages = [one for one, _ in asked], [stage for _, stage in asked]
    lock = _LOCK.said(session, list(units), REFERENCE_LOCK) + b";"
    rows = _HELD.run(session, ids, stages, before=lock)
    return {(one, stage) for one, stage in rows}


def known(session: Session, rows_json: str) -> list[Known]:
    """Return which of the rows the ledger holds already."""
    return [Known(*row) for row in _KNOWN.run(session, rows_json)]


def insert(
    session: Session, rows_json: str, received_at: dt.datetime
) -> dict[tuple[str, str], int]:
    """Append payments in order of business date.

    Args:
        session: the open transaction, units locked.
        rows_json: JSON array of objects keyed by payment field.
        received_at: when they arrived.

    Returns:
        (payment_id, stage) → sequence number.

    Raises:
        KuweiError: ``payment.conflict`` when the same payment came in at the same
            moment under another unit; the transaction must be given up.
    """
    try:
        rows = _INSERT.run(session, rows_json, received_at)
    except psycopg2.errors.UniqueViolation as error:
        raise KuweiError(
            "payment.conflict",
            "同一支付主键正由另一预算单位同时提交,内容不同;请核对主键后重报。",
            kind=Kind.CONFLICT,
        ) from error
    return {(payment_id, stage): seq for seq, payment_id, stage in rows}


def set_refused(session: Session, seqs: list[int], refused: list[int]) -> None:
    """Mark which payments of a set are refused, hence not counted by any fact."""
    _SET_LIVE.run(session, seqs, refused)


def units_of(session: Session, seq: int) -> list[dict[str, str | None]]:
    """Return what each stage of a payment shares with others; [] if unknown."""
    rows = session.execute(
        text(
            "SELECT p.payment_id, p.agency_code, p.bgt_id, p.pro_code, p.contract_no"
            " FROM payment o JOIN payment p ON p.payment_id = o.payment_id"
            " AND p.fiscal_year = o.fiscal_year WHERE o.seq = :seq"
        ),
        {"seq": seq},
    )
    return [dict(row) for row in rows.mappings()]


_AMOUNTS = ("pay_amt", "xpay_amt", "deduct_amt")
_REVERSED = {"payment_id", "entry_kind", "orig_payment_id", *_AMOUNTS}
_SAME_AGAIN = ", ".join(name for name in FIELDS if name not in _REVERSED)
_BACK = ", ".join(
    f"coalesce(sum(r.{name}), 0) AS {name}_back" for name in (*_AMOUNTS, "tally")
)
_TURNED = ", ".join(f"-({name} + {name}_back)" for name in (*_AMOUNTS, "tally"))
_STAGE = "array_position(ARRAY['request', 'voucher', 'receipt'], {0}.stage)"
# Its own number in reversed_by: the reversal of a whole is counted no more than it.
_REVERSE = f"""
WITH due AS MATERIALIZED (
  SELECT nextval('payment_seq') AS own, p.*, b.* FROM payment o
  JOIN payment p ON p.payment_id = o.payment_id AND p.fiscal_year = o.fiscal_year
   AND {_STAGE.format("p")} <= {_STAGE.format("o")}
  CROSS JOIN LATERAL (
    SELECT count(*) AS given, {_BACK} FROM payment r
    WHERE r.orig_payment_id = p.payment_id AND r.fiscal_year = p.fiscal_year
      AND r.stage = p.stage AND r.entry_kind = 'reversal'
      AND r.live AND r.reversed_by IS NULL) b
  WHERE o.seq = :seq AND p.live AND p.reversed_by IS NULL
    AND (b.given = 0 OR sign(p.pay_amt + b.pay_amt_back) = sign(p.pay_amt))
), marked AS (
  UPDATE payment p SET reversed_by = due.own FROM due
  WHERE p.seq = due.seq AND p.fiscal_year = due.fiscal_year AND due.given = 0
)
INSERT INTO payment (seq, reversed_by, received_at, payment_id, entry_kind,
  orig_payment_id, {", ".join(_AMOUNTS)}, tally, {_SAME_AGAIN})
SELECT own, CASE WHEN given = 0 THEN own END, :at, '{REVERSAL}' || payment_id,
  'reversal', payment_id, {_TURNED}, {_SAME_AGAIN}
FROM due"""


def reverse(session: Session, seq: int, received_at: dt.datetime) -> None:
    """Append the reversals of a payment and its earlier stages: opposite amounts.

    What was not counted or is reversed already stays as it is; of what the payment
    system reversed in part, the rest is. No client can send the reversals' ids.
    """
    session.execute(text(_REVERSE), {"seq": seq, "at": received_at})


def void_reversals(session: Session, seqs: list[int]) -> None:
    """Keep facts from counting reversals of what they do not count either."""
    session.execute(
        text(
            "UPDATE payment r SET reversed_by = r.seq FROM payment o"
            " WHERE r.seq = ANY(:seqs) AND r.entry_kind = 'reversal'"
            " AND o.payment_id = r.orig_payment_id AND o.stage = r.stage"
            " AND o.fiscal_year = r.fiscal_year"
            " AND (NOT o.live OR o.reversed_by IS NOT NULL)"
        ),
        {"seqs": seqs},
    )


APPENDED = "appended"
"""Temporary table of the rows an import's transaction has just appended."""
_LAY_OUT = (
    f"CREATE TEMP TABLE IF NOT EXISTS {APPENDED} (LIKE payment) ON COMMIT DELETE ROWS;"
    f" TRUNCATE {APPENDED}"
)
_PLACED = f"seq, live, tally, received_at, import_id, {_NAMES}"
# In the order of business days. OFFSET keeps the planner
# to one look into the ledger's index per row, however many rows it thinks there are.
_ARRANGE = f"""
INSERT INTO {APPENDED} ({_PLACED})
SELECT nextval('payment_seq'), true, {_TALLY.format("s")}, :at, :import, {_NAMES}
FROM (SELECT {_NAMES} FROM intake_good g
  WHERE NOT EXISTS (SELECT FROM payment p WHERE p.payment_id = g.payment_id
    AND p.stage = g.stage AND p.fiscal_year = g.fiscal_year OFFSET 0)
  ORDER BY vou_date OFFSET 0) s"""
# Neighbours in the indexes come together, whatever their number.
_APPEND = f"""
INSERT INTO payment ({_PLACED}) SELECT {_PLACED} FROM {APPENDED}
ORDER BY agency_code, payee_acct_no"""
_SPAN = f"SELECT count(*), coalesce(min(seq), 0), coalesce(max(seq), 0) FROM {APPENDED}"
# A payment may come in elsewhere, under other units, between the look and the append.
APPEND_TRIES = 5
# Fresh rows have no statistics; without them the planner nests loops over sets.
_MEASURE = (
    "SET LOCAL default_statistics_target = 10;"
    f" ANALYZE {APPENDED} (seq, agency_code, bgt_id, pro_code, contract_no,"
    " payee_acct_no); SET LOCAL default_statistics_target TO DEFAULT"
)


@dataclass(frozen=True, slots=True)
class Appended:
    """Payments an import has just appended, or none (count 0).

    They stand in the temporary table ``APPENDED`` until the transaction ends. Between
    the first and the last of their numbers there may be others.
    """

    count: int
    first_seq: int
    last_seq: int


def insert_staged(
    session: Session, import_id: int, received_at: dt.datetime
) -> Appended:
    """Append the session's staged rows (temporary table ``intake_good``).

    Rows the ledger already holds are left alone: an import can be repeated.
    """
    run_verbatim(session, _LAY_OUT)
    for tried in range(1, APPEND_TRIES + 1):
        try:
            with session.begin_nested():
                _append(session, import_id, received_at)
            break
        except psycopg2.errors.UniqueViolation:
            if tried == APPEND_TRIES:
                raise
    run_verbatim(session, _MEASURE)
    return Appended(*session.execute(text(_SPAN)).one())


def _append(session: Session, import_id: int, received_at: dt.datetime) -> None:
    session.execute(text(_ARRANGE), {"at": received_at, "import": import_id})
    run_verbatim(session, _APPEND)
