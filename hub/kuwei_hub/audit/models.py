"""The audit table of a hub."""

from __future__ import annotations

from sqlalchemy import Table

from kuwei_shared.audit.table import AuditColumns, make_append_only
from kuwei_shared.db.base import HubTable


class AuditEntry(AuditColumns, HubTable):
    """One act of a person; append-only."""


assert isinstance(AuditEntry.__table__, Table)  # noqa: S101  # typed FromClause
make_append_only(AuditEntry.__table__)
