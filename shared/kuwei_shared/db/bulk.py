"""COPY of Arrow tables into PostgreSQL: the one way many rows go in."""

from __future__ import annotations

import io
import re

import pyarrow as pa
from pyarrow import csv as arrow_csv
from sqlalchemy.orm import Session

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_PLAIN = arrow_csv.WriteOptions(include_header=False)


def copy_rows(session: Session, table: str, rows: pa.Table) -> int:
    """Append rows to a table inside the session's transaction.

    Args:
        session: the open transaction.
        table: name of an existing (possibly temporary) table.
        rows: columns named and typed as the table's; null is NULL, an empty
            string stays one. Texts must hold no NUL character.

    Returns:
        How many rows were copied.
    """
    names = [table, *rows.column_names]
    if not all(_NAME.fullmatch(name) for name in names):
        raise ValueError(names)
    buffer = io.BytesIO()
    arrow_csv.write_csv(rows, buffer, _PLAIN)
    buffer.seek(0)
    columns = ", ".join(rows.column_names)
    cursor = session.connection().connection.cursor()
    try:
        cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN (FORMAT csv)", buffer)
        return int(cursor.rowcount)
    finally:
        cursor.close()
