"""Files handed in through the page: kept, ordered, and run by a worker.

The page only keeps the file and orders its import; the row is the work item, so
nothing is lost when a worker or the page's process ends, and another goes on at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from sqlalchemy.orm import Session

from kuwei_node.intake.domain.progress import UNFINISHED, Handed, Order, State
from kuwei_node.intake.domain.rows import Totals
from kuwei_node.intake.service.imports import Intake
from kuwei_node.intake.store import ledger, orders
from kuwei_node.reference.service import ReferenceService
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.identity.principal import Principal
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError

REST = dt.timedelta(minutes=2)
"""How long an import is left alone after trouble that may pass."""
ATTEMPTS_MAX = orders.ATTEMPTS_MAX


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
        aside: opens the transaction in which an order is held while it is run.
    """

    clock: Clock
    intake: Intake
    reference: ReferenceService
    home: Callable[[], str]
    keep: Keep
    profiles: Callable[[], dict[str, str]]
    aside: UnitOfWork

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

    @contextmanager
    def hold(self) -> Iterator[int | None]:
        """Hold the oldest order nobody is at for as long as the block runs.

        A process that is killed in it holds nothing from that moment on, so another
        goes on where the ledger of batches ends.

        Yields:
            The number of the import; None when there is nothing to do.
        """
        with self.aside.begin() as session:
            yield orders.hold(session, self.clock.now())

    @contextmanager
    def at_work(self, import_id: int) -> Iterator[None]:
        """Be known to be at an import for as long as the block runs, or the process.

        For imports nobody ordered: of one that nobody is at, the page says so.
        """
        with self.aside.begin() as session:
            orders.hold_one(session, import_id)
            yield

    def claim(self, session: Session, held: int) -> Order | None:
        """Begin an attempt at a held order; None if it was finished meanwhile."""
        return orders.claim(session, held)

    def require_attempt(self, order: Order) -> None:
        """Refuse an order whose attempts all ended in silence.

        Raises:
            KuweiError: ``intake.interrupted``.
        """
        if order.attempt > ATTEMPTS_MAX:
            raise KuweiError(
                "intake.interrupted",
                f"导入已中途停止 {ATTEMPTS_MAX} 次,不再自动继续;已入库的行不受影响。"
                "请运维岗查看节点任务进程的日志与内存,然后重新提交同一文件。",
            )

    def finished(
        self, session: Session, order: Order, failure: KuweiError | None
    ) -> None:
        """Close an order; an import that failed as a whole is closed as failed.

        Files that came out before the failure keep how they came out. After trouble
        that may pass the order only rests, while it has attempts left.
        """
        now = self.clock.now()
        if failure is None:
            orders.finish(session, order, now, None)
        elif failure.kind is Kind.UNAVAILABLE and order.attempt < ATTEMPTS_MAX:
            orders.rest(session, order, now + REST)
        else:
            self._give_up(session, order, failure)

    def _give_up(self, session: Session, order: Order, failure: KuweiError) -> None:
        now, failed = self.clock.now(), State.FAILED.value
        for file in ledger.entries(session, order.import_id):
            if file.state in UNFINISHED:
                self.intake.fail_file(session, file, failure)
        ledger.set_import(session, order.import_id, state=failed, finished_at=now)
        orders.finish(session, order, now, failure.message)
