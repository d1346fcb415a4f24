"""Queries of the hub's audit table."""

from __future__ import annotations

from kuwei_hub.audit.models import AuditEntry
from kuwei_shared.audit.ledger import AuditLedger

LEDGER = AuditLedger(AuditEntry)
