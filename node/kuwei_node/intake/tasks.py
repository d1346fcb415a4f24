"""Running an import: groups of batches, in order, each in one transaction or two.

Reading, staging and storing overlap: while one group is appended and screened, the
next is laid out in transactions of its own and waits for its turn. A group whose
payments fall in two shares with nothing in common is stored by two connections.

Called by a worker's task and by the command line alike. Running it again after
an interruption continues where the ledger of batches ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Self

from celery import Celery
from sqlalchemy.orm import Session

from kuwei_node.intake.domain.progress import Entry, Order, State
from kuwei_node.intake.domain.work import Part, Share, Work
from kuwei_node.intake.service.imports import Intake
from kuwei_node.intake.service.storing import Came
from kuwei_node.intake.service.uploads import Uploads
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.errors import KuweiError

RUN = "intake.run"
EVERY_S = 3.0
ORDERS_PER_TASK = 16
GROUP_FILES = 200
GROUP_ROWS = 20_000
STORED_AT_ONCE = 2
# Well below the database's limit on idle transactions.
STAGED_S, LOCKED_S = 20.0, 40.0

OnProgress = Callable[[int, int], None]
"""Receives files finished and rows stored so far."""


def run_import(
    unit_of_work: UnitOfWork,
    intake: Intake,
    import_id: int,
    on_progress: OnProgress | None = None,
) -> State:
    """Run an import to its end; return how it came out.

    A file that cannot be read fails alone; the others go on.
    """
    with unit_of_work.begin() as session:
        work = intake.take_up(session, import_id)
    with _Run(unit_of_work, intake, work, on_progress) as run:
        for item in _ahead(_read(intake, work)):
            run.take(item)
        run.finish()
    with unit_of_work.begin() as session:
        return intake.finish_import(session, import_id)


def run_ordered(unit_of_work: UnitOfWork, intake: Intake, uploads: Uploads) -> int:
    """Run the imports ordered through the page; return how many were run."""
    done = 0
    while done < ORDERS_PER_TASK and _run_one(unit_of_work, intake, uploads):
        done += 1
    return done


def _run_one(unit_of_work: UnitOfWork, intake: Intake, uploads: Uploads) -> bool:
    with uploads.hold() as held:
        if held is None:
            return False
        with unit_of_work.begin() as session:
            order = uploads.claim(session, held)
        if order is not None:
            _run_held(unit_of_work, intake, uploads, order)
        return True


def _run_held(
    unit_of_work: UnitOfWork, intake: Intake, uploads: Uploads, order: Order
) -> None:
    failure = None
    try:
        uploads.require_attempt(order)
        run_import(unit_of_work, intake, order.import_id)
    except KuweiError as error:
        failure = error
    with unit_of_work.begin() as session:
        uploads.finished(session, order, failure)


def register(
    app: Celery, unit_of_work: UnitOfWork, intake: Intake, uploads: Uploads
) -> None:
    """Give a Celery application the task that runs ordered imports."""

    @app.task(name=RUN)
    def _run() -> int:
        return run_ordered(unit_of_work, intake, uploads)


@dataclass(frozen=True, slots=True)
class _Ended:
    """A file has been read to its end, or as far as it could be."""

    file: Entry
    error: KuweiError | None


Item = Part | _Ended


class _End(Enum):
    MARK = 0


@dataclass(frozen=True, slots=True)
class _Group:
    """Batches, and ends of files, that are stored in one transaction."""

    parts: list[Part]
    ended: list[_Ended]

    @property
    def rows(self) -> int:
        return sum(part.mapped.table.num_rows for part in self.parts)

    @property
    def read(self) -> int:
        return self.rows + sum(len(part.mapped.broken) for part in self.parts)

    def is_full(self, rows: int) -> bool:
        """Refused rows count: a file of nothing else must not gather in memory."""
        return self.read >= rows or len(self.ended) >= GROUP_FILES


class _Run:
    """Stores groups one after the other, and stages each while one is stored."""

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        intake: Intake,
        work: Work,
        on_progress: OnProgress | None,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._intake = intake
        self._work = work
        self._on_progress = on_progress
        self._gathered = _Group([], [])
        self._under_way: deque[Future[None]] = deque()
        # Each group may need a second one beside its own.
        self._threads = ThreadPoolExecutor(2 * STORED_AT_ONCE, "intake-store")
        self._stored = self._finished = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def take(self, item: Item) -> None:
        """Take in a batch or the end of a file."""
        if isinstance(item, _Ended):
            self._gathered.ended.append(item)
        else:
            self._gathered.parts.append(item)
        # The first group is one batch: until it is sent, the database has no work.
        if self._gathered.is_full(GROUP_ROWS if self._under_way else 1):
            self._send()

    def finish(self) -> None:
        """Store what is gathered and wait until everything is stored."""
        if self._gathered.parts or self._gathered.ended:
            self._send()
        while self._under_way:
            self._under_way.popleft().result()

    def _send(self) -> None:
        if len(self._under_way) == STORED_AT_ONCE:
            self._under_way.popleft().result()
        before = self._under_way[-1] if self._under_way else _done()
        sent = self._threads.submit(self._in_turn, self._gathered, before)
        self._under_way.append(sent)
        self._gathered = _Group([], [])

    def _in_turn(self, group: _Group, before: Future[None]) -> None:
        """Store a group once the one before is committed."""
        try:
            self._store(group, before)
        except TimeoutError:
            # What waits too long the database ends as idle: staged again instead.
            before.result()
            self._store(group, _done())
        self._stored += group.rows
        self._finished += len(group.ended)
        if self._on_progress is not None:
            self._on_progress(self._finished, self._stored)

    def _store(self, group: _Group, before: Future[None]) -> None:
        storing, work = self._intake.storing, self._work
        holder: Future[int] = Future()
        try:
            with self._unit_of_work.begin() as session:
                claimed = storing.claim(session, work, group.parts)
                own, *others = claimed.shares
                beside = [
                    self._threads.submit(self._beside, share, holder)
                    for share in others
                ]
                staged = storing.stage(session, work, own)
                before.result(timeout=STAGED_S)
                storing.lock(session, claimed)
                if beside:
                    holder.set_result(storing.lend(session))
                came = [storing.append(session, work, staged)]
                # They must be committed before this transaction gives the units up.
                came += [each.result() for each in beside]
                storing.finish(session, work, claimed, came)
                self._close(session, group)
        finally:
            holder.cancel()

    def _beside(self, share: Share, holder: Future[int]) -> Came:
        """Store a share under the locks of the transaction that holds the group's."""
        storing, work = self._intake.storing, self._work
        with self._unit_of_work.begin() as session:
            staged = storing.stage(session, work, share)
            held_by = holder.result(timeout=LOCKED_S)
            return storing.append_beside(session, work, staged, held_by)

    def _close(self, session: Session, group: _Group) -> None:
        for end in group.ended:
            if end.error is None:
                self._intake.finish_file(session, self._work, end.file)
            else:
                self._intake.fail_file(session, end.file, end.error)


def _done() -> Future[None]:
    """Return what there is to wait for before the first group: nothing."""
    future: Future[None] = Future()
    future.set_result(None)
    return future


def _read(intake: Intake, work: Work) -> Iterator[Item]:
    for file in work.files:
        try:
            yield from intake.parts(work, file)
        except KuweiError as error:
            yield _Ended(file, error)
        else:
            yield _Ended(file, None)


def _ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Iterate one item ahead in a thread: mapping overlaps with the database."""
    end = _End.MARK
    with ThreadPoolExecutor(1, thread_name_prefix="intake-read") as reader:
        coming = reader.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = reader.submit(next, items, end)
            yield item
