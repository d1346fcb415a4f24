"""Files handed in through the page: kept, ordered, and run by a worker.

The page only keeps the file and orders its import; the row is the work item, so
nothing is lost when a worker or the page's process ends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from sqlalchemy.orm import Session

from kuwei_node.intake.domain.progress import Handed, Order, State
from kuwei_node.intake.domain.rows import Totals
from kuwei_node.intake.service.imports import Intake
from kuwei_node.intake.store import ledger, orders
from kuwei_node.reference.service import ReferenceService
from kuwei_shared.identity.principal import Principal
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError

LEASE = dt.timedelta(minutes=20)
"""Longer than a worker may spend on one task; then another continues the import."""
ATTEMPTS_MAX = orders.ATTEMPTS_MAX
UNFINISHED = frozenset({State.WAITING, State.RUNNING})


class Keep(Protocol):
    """Keeps a handed-in file; ``kuwei_node.intake.adapters.uploads``."""

    def __call__(self, stream: BinaryIO, name: str) -> Handed:
        """Keep a file's bytes under their digest.

        Raises:
            KuweiError: ``upload.empty``, ``upload.too_large``.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What a person hands in."""

    stream: BinaryIO
    name: str
    profile: str
    declared: Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """Imports ordered through the page of one node.

    Attributes:
        home: this node's own division; raises before enrolment.
        keep: where files are kept until they are read.
        profiles: profile name → Chinese title.
    """

    clock: Clock
    intake: Intake
    reference: ReferenceService
    home: Callable[[], str]
    keep: Keep
    profiles: Callable[[], dict[str, str]]

    def order(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        upload: Upload,
        by: Principal,
    ) -> int:
        """Keep a file and order its import; return the import's number.

        Raises:
            KuweiError: ``upload.*``, ``profile.unknown``, ``scope.outside``.
        """
        division = self.home()
        scope.require(division)
        if upload.profile not in self.profiles():
            raise KuweiError("profile.unknown", "没有这个导入方案,请从列表中选择。")
        handed = self.keep(upload.stream, upload.name)
        import_id = self.intake.start_import(
            session,
            profile=upload.profile,
            files=[handed],
            divisions=self.reference.divisions(session, division),
            by=by.name,
            declared=upload.declared,
        )
        orders.add(session, import_id, self.clock.now())
        return import_id

    def claim(self, session: Session) -> Order | None:
        """Claim the oldest order nobody holds."""
        return orders.claim(session, self.clock.now(), LEASE)

    def is_tried_again(self, order: Order, failure: KuweiError) -> bool:
        """Tell whether an order is left to its lease: the trouble may pass.

        When the lease runs out, a worker goes on where the ledger of batches ends.
        """
        return failure.kind is Kind.UNAVAILABLE and order.attempt < ATTEMPTS_MAX

    def finished(
        self, session: Session, order: Order, failure: KuweiError | None
    ) -> None:
        """Close an order; an import that failed as a whole is closed as failed.

        Files that came out before the failure keep how they came out.
        """
        now = self.clock.now()
        message = None
        if failure is not None:
            message = failure.message
            for file in ledger.entries(session, order.import_id):
                if file.state in UNFINISHED:
                    self.intake.fail_file(session, file, failure)
            failed = State.FAILED.value
            ledger.set_import(session, order.import_id, state=failed, finished_at=now)
        orders.finish(session, order, now, message)
