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

from kuwei_node.payments.domain import Held, Known
from kuwei_node.payments.models import LEDGER_COLUMNS, Payment
from kuwei_node.payments.store.crediting import void_appended
from kuwei_shared.db.prepared import Prepared, run_verbatim
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rules.bounds import RESERVED

YEAR_MIN, YEAR_MAX = 1990, 2100
PARTITIONED = ("payment", "screening")
REFERENCE_LOCK, YEARS_LOCK = 1, 2
# A power of two: an import of many units must not exhaust the server's lock table.
LOCK_STRIPES = 4_096
REVERSAL = RESERVED
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
    f"SELECT {', '.join(f'p.{name}' for name in Held._fields)}"
    " FROM unnest($1) AS r(payment_id) JOIN payment p ON p.payment_id = r.payment_id",
    ("text[]",),
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
    session: Session, units: Sequence[str], payment_ids: Sequence[str]
) -> list[Held]:
    """Do as ``lock_units``; return every stage the ledger then holds of payments."""
    lock = _LOCK.said(session, list(units), REFERENCE_LOCK) + b";"
    return [Held(*row) for row in _HELD.run(session, list(payment_ids), before=lock)]


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


APPENDED = "appended"
"""Temporary table of the rows an import's transaction has just appended."""
_LAY_OUT = (
    f"CREATE TEMP TABLE IF NOT EXISTS {APPENDED} (LIKE payment) ON COMMIT DELETE ROWS;"
    f" TRUNCATE {APPENDED}"
)
_PLACED = f"seq, live, tally, received_at, import_id, {_NAMES}"
# In the order of business days. OFFSET keeps the planner to one look into the ledger's
# index per row, however many rows it thinks there are.
_ARRANGE = f"""
INSERT INTO {APPENDED} ({_PLACED})
SELECT nextval('payment_seq'), true, {_TALLY.format("s")}, :at, :import, {_NAMES}
FROM (SELECT {_NAMES} FROM intake_good g
  WHERE NOT EXISTS (SELECT FROM payment p WHERE p.payment_id = g.payment_id
    AND p.stage = g.stage AND p.fiscal_year = g.fiscal_year OFFSET 0)
  ORDER BY vou_date OFFSET 0) s"""
# Neighbours in the indexes come together, whatever their number.
_APPEND = f"""
INSERT INTO payment ({_PLACED}, reversed_by) SELECT {_PLACED}, reversed_by
FROM {APPENDED}
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
    void_appended(session, APPENDED)
    run_verbatim(session, _APPEND)
