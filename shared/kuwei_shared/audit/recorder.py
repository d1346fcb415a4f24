"""Recording acts; called in the transaction of the act itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kuwei_shared.audit.ledger import AuditLedger
from kuwei_shared.identity.principal import Principal
from kuwei_shared.kernel.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Writes what a person did into a service's own ledger, with the time."""

    clock: Clock
    ledger: AuditLedger

    def record(
        self,
        session: Session,
        principal: Principal,
        act: str,
        about: str,
        details: Mapping[str, str | int],
    ) -> None:
        """Write one act: who, what, on what.

        Of a payment, details hold no more than its number, its amount and the reason
        of who decided about it.
        """
        self.ledger.append(
            session,
            principal,
            at=self.clock.now(),
            act=act,
            about=about,
            details=details,
        )
