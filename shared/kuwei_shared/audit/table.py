"""The audit table's columns, and the trigger that makes it append-only.

Hub and node each declare their own table from ``AuditColumns``.
"""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    DateTime,
    FromClause,
    LargeBinary,
    String,
    Table,
    event,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column

ACT_MAX = 60
ABOUT_MAX = 300

APPEND_ONLY_DDL = (
    """
    CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger
    LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'audit_entry is append-only'; END $$
    """,
    """
    CREATE OR REPLACE TRIGGER audit_entry_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
    """,
)


STANDING = "standing_ddl"
"""Key of ``Table.info``: idempotent statements every migration repeats."""


class AuditColumns:
    """One entry of the chain, as stored."""

    __tablename__ = "audit_entry"
    __table__: ClassVar[FromClause]

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), index=True)
    actor: Mapped[str] = mapped_column(String(100), index=True)
    actor_name: Mapped[str] = mapped_column(String(100))
    act: Mapped[str] = mapped_column(String(ACT_MAX))
    about: Mapped[str] = mapped_column(String(ABOUT_MAX))
    details: Mapped[dict[str, str | int]] = mapped_column(JSONB)
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)


def make_append_only(row: type[AuditColumns]) -> None:
    """Install the trigger when metadata creates, or a migration meets, the table."""
    table = row.__table__
    assert isinstance(table, Table), "a mapped class has a table"
    table.info[STANDING] = APPEND_ONLY_DDL

    def install(_: Table, connection: Connection, **_options: object) -> None:
        for statement in APPEND_ONLY_DDL:
            connection.exec_driver_sql(statement)

    event.listen(table, "after_create", install)
