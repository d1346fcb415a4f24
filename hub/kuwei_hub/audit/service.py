"""What staff of this hub did: recorded by features, read by the auditor."""

from __future__ import annotations

from dataclasses import dataclass

from kuwei_hub.audit import store
from kuwei_shared.audit.ledger import AuditLedger
from kuwei_shared.audit.recorder import Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit(Recorder):
    """The audit log of this hub."""

    ledger: AuditLedger = store.LEDGER
