"""The stage: a temporary table of the session, COPYed into and checked in sets."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pyarrow as pa
from sqlalchemy import text
from sqlalchemy.orm import Session

from kuwei_node.intake.domain.meeting import Held
from kuwei_node.payments.service import APPENDED
from kuwei_shared.db.bulk import copy_rows
from kuwei_shared.rules.vocabulary import Field, Type

STAGE = "intake_good"
_SQL_TYPES: Mapping[Type, str] = {
    Type.TEXT: "text",
    Type.CODE: "text",
    Type.MONEY: "numeric(18,2)",
    Type.DECIMAL: "numeric(9,3)",
    Type.INTEGER: "integer",
    Type.DATE: "date",
    Type.TIMESTAMP: "timestamptz",
    Type.BOOLEAN: "boolean",
}
_SAME_KEY = (
    "p.payment_id = g.payment_id AND p.stage = g.stage"
    " AND p.fiscal_year = g.fiscal_year"
)


def open_stage(session: Session, fields: Mapping[str, Field]) -> None:
    """Make sure the session has its empty staging table."""
    columns = ", ".join(f"{f.name} {_SQL_TYPES[f.type]}" for f in fields.values())
    session.execute(
        text(
            f"CREATE TEMP TABLE IF NOT EXISTS {STAGE}"
            f" (batch_id bigint, line bigint, {columns}) ON COMMIT DELETE ROWS"
        )
    )
    session.execute(text(f"TRUNCATE {STAGE}"))


def stage(session: Session, rows: pa.Table) -> int:
    """COPY mapped rows (``batch_id``, ``line``, payment fields) into the stage.

    Columns a batch has no value in are left out: the stage has no defaults.
    """
    used = [n for n in rows.column_names if rows[n].null_count < rows.num_rows]
    return copy_rows(session, STAGE, rows.select(used)) if used else 0


def take_repeated(session: Session) -> list[tuple[int, int]]:
    """Take out rows whose key stands twice in the stage; the first stays."""
    rows = session.execute(
        text(
            f"DELETE FROM {STAGE} g USING (SELECT batch_id, line, row_number() OVER"
            " (PARTITION BY payment_id, stage, fiscal_year ORDER BY batch_id, line)"
            f" AS turn FROM {STAGE}) r WHERE r.batch_id = g.batch_id"
            " AND r.line = g.line AND r.turn > 1 RETURNING g.batch_id, g.line"
        )
    )
    return [(row[0], row[1]) for row in rows]


def held(session: Session, fields: Collection[str]) -> list[Held]:
    """Return staged rows the ledger of payments held before.

    Args:
        session: the open transaction, the stage appended.
        fields: the columns the stage was opened with; all are compared, as the
            payment interface does: a blank differs from a value.
    """
    same = " AND ".join(f"p.{c} IS NOT DISTINCT FROM g.{c}" for c in fields)
    rows = session.execute(
        text(
            f"SELECT g.batch_id, g.line, {same}, p.seq, p.import_id FROM {STAGE} g"
            f" JOIN payment p ON {_SAME_KEY}"
            f" WHERE NOT EXISTS (SELECT FROM {APPENDED} a WHERE a.seq = p.seq)"
        )
    )
    return [Held(*row) for row in rows]
