"""The audit table of a node."""

from __future__ import annotations

from kuwei_shared.audit.table import AuditColumns, make_append_only
from kuwei_shared.db.base import NodeTable


class AuditEntry(AuditColumns, NodeTable):
    """One act of a person; append-only."""


make_append_only(AuditEntry)
