"""Recording acts; called in the transaction of the act itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kuwei_node.audit import store
from kuwei_shared.audit.ledger import AuditLedger
from kuwei_shared.identity.principal import Principal
from kuwei_shared.kernel.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The audit log of this node."""

    clock: Clock
    ledger: AuditLedger = store.LEDGER

    def record(
        self,
        session: Session,
        principal: Principal,
        act: str,
        about: str,
        details: Mapping[str, str | int],
    ) -> None:
        """Write one act: who, what, on what; details never hold payment fields."""
        self.ledger.append(
            session,
            principal,
            at=self.clock.now(),
            act=act,
            about=about,
            details=details,
        )
