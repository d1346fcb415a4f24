"""What staff of this node did: recorded by features, read by the auditor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kuwei_node.audit import store
from kuwei_shared.audit.ledger import AuditLedger
from kuwei_shared.audit.recorder import Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit(Recorder):
    """The audit log of this node."""

    ledger: AuditLedger = store.LEDGER

    def names(self, session: Session, subjects: Iterable[str | None]) -> dict[str, str]:
        """Return the name of each subject that ever acted here."""
        return self.ledger.names(session, subjects)
