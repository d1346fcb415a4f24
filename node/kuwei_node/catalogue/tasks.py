"""The adoption task: from a hint to a release in force, or a reason why not.

The loop runs it on every hint, spread as the hub says, and every now and then
without one. Each step is a transaction; a crash between two is taken up at the
next run, because every step looks at what is stored, not at what was meant.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from kuwei_node.catalogue.service.adoption import Adoption
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.ops.traces import withheld
from kuwei_shared.releases.adoption import SERIAL_UNKNOWN
from kuwei_shared.releases.client import Bundle, ReleaseClient, TrustedView
from kuwei_shared.trust import dsse

ROUNDS_MAX = 50

Send = Callable[[Sequence[dsse.Signed]], tuple[int, int]]
"""Hands reports to the hub; returns epoch and number of the last one it holds."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionTask:
    """Runs in the uplink process; one at a time, the client's lock sees to it."""

    code: str
    unit_of_work: UnitOfWork
    adoption: Adoption
    client: ReleaseClient
    send: Send

    def run(self) -> None:
        """Look at the province, take over what is assigned, send what is waiting.

        Raises:
            KuweiError: the hub cannot be reached, or what it shows is refused; the
                release in force stays, and the reason is stored and told.
        """
        with self.unit_of_work.begin() as session:
            self.adoption.begin_epoch(session)
        trouble = self._look()
        # Last: a ledger that will not listen must not keep a release from here. And
        # always: the hub may listen though its repository is not to be believed.
        try:
            self.flush()
        except KuweiError as error:
            if trouble is None:
                raise
            log.warning("reports_wait", code=error.code)
        if trouble is not None:
            raise trouble

    def flush(self) -> None:
        """Send waiting reports until none is left."""
        for _ in range(ROUNDS_MAX):
            with self.unit_of_work.begin() as session:
                waiting = self.adoption.waiting(session)
            if not waiting:
                return
            try:
                epoch, seq = self.send(waiting)
            except KuweiError as error:
                self._go_back(error)
                continue
            with self.unit_of_work.begin() as session:
                self.adoption.acknowledged(session, epoch, seq)

    def _go_back(self, error: KuweiError) -> None:
        """Send again what a restored hub misses; raise anything else."""
        missing = str(error.details.get("expected_seq", ""))
        if error.code != "report.gap" or not missing.isdecimal():
            raise error
        with self.unit_of_work.begin() as session:
            if not self.adoption.missed(session, int(missing)):
                raise error

    def _look(self) -> KuweiError | None:
        """Look at the province; return what is wrong with what it shows."""
        try:
            with self.client.opened() as view:
                refused = self._follow(view)
        except KuweiError as error:
            with self.unit_of_work.begin() as session:
                self.adoption.doubt(session, error)
            return error
        with self.unit_of_work.begin() as session:
            self.adoption.believe(session)
            self.adoption.look(session, refused)
        return refused

    def _follow(self, view: TrustedView) -> KuweiError | None:
        """Take over what is assigned; return why it may not even be looked at."""
        assignment = view.assignment(self.code)
        if assignment is None or assignment.paused:
            return None
        try:
            wanted = view.bundle(assignment.version)
        except KuweiError as error:
            if error.kind is Kind.UNAVAILABLE:
                raise
            with self.unit_of_work.begin() as session:
                self.adoption.refuse(session, assignment.version, SERIAL_UNKNOWN, error)
            return error
        self._adopt(view, wanted)
        return None

    def _adopt(self, view: TrustedView, wanted: Bundle) -> None:
        with self.unit_of_work.begin() as session:
            if not self.adoption.tell(session, wanted.version, wanted.serial):
                return
        try:
            self._take_over(view, wanted)
        except KuweiError as error:
            if error.kind is Kind.UNAVAILABLE:
                raise  # nobody's fault; the next run goes on from here
            log.warning("release_refused", version=wanted.version, code=error.code)
            with self.unit_of_work.begin() as session:
                self.adoption.refuse(session, wanted.version, wanted.serial, error)

    def _take_over(self, view: TrustedView, wanted: Bundle) -> None:
        version, serial = wanted.version, wanted.serial
        data = view.fetch(wanted, lambda: self._arrived(wanted))
        with self.unit_of_work.begin() as session:
            self.adoption.keep(session, version, serial, data)
        with self.unit_of_work.begin() as session:
            self.adoption.compile(session, version, serial, data)
        with self.unit_of_work.begin() as session:
            self.adoption.activate(session, version, serial)
        log.info("release_active", version=version, serial=serial)

    def _arrived(self, wanted: Bundle) -> None:
        with self.unit_of_work.begin() as session:
            self.adoption.arrived(session, wanted.version, wanted.serial)


TOPICS = frozenset({"catalogue", "assignment"})
RETRY_FIRST_S = 2.0


class Task(Protocol):
    """One look at the province."""

    def run(self) -> None:
        """Look; raise KuweiError when it came to nothing."""
        ...


class AdoptionLoop:
    """Runs the task in a thread of the uplink process.

    Attributes:
        every_s: longest time between two looks; notices a frozen repository and a
            hint that was lost.
    """

    def __init__(
        self,
        task: Task,
        *,
        every_s: float,
        uniform: Callable[[float, float], float],
    ) -> None:
        self.every_s = every_s
        self._task = task
        self._uniform = uniform
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._spread_s = 0.0
        self._failures = 0

    def hint(self, news: Mapping[str, int], spread_ms: int) -> None:
        """Look soon, at a moment chosen within the spread (wire.md pitfall 8)."""
        if TOPICS & news.keys():
            self._spread_s = spread_ms / 1000
            self._woken.set()

    def stop(self) -> None:
        """End ``run`` after the step it is in."""
        self._stopped.set()
        self._woken.set()

    def run(self) -> None:
        """Look at once, then on every hint and at least every ``every_s``."""
        while not self._stopped.is_set():
            pause = self.once()
            if self._woken.wait(pause):
                self._woken.clear()
                self._stopped.wait(self._uniform(0, self._spread_s))

    def once(self) -> float:
        """Look once; return the seconds until the next look without a hint."""
        try:
            self._task.run()
        except Exception as error:  # the edge of a thread
            self._failures += 1
            fault = None if isinstance(error, KuweiError) else error
            log.warning("adoption_failed", reason=withheld(error), exc_info=fault)
            doubled = RETRY_FIRST_S * 2.0 ** min(self._failures, 12)
            return min(self.every_s, self._uniform(RETRY_FIRST_S, doubled))
        self._failures = 0
        return self.every_s
