"""The audit table of a hub."""

from __future__ import annotations

from kuwei_shared.audit.table import AuditColumns, make_append_only
from kuwei_shared.db.base import HubTable


class AuditEntry(AuditColumns, HubTable):
    """One act of a person; append-only."""


make_append_only(AuditEntry)
