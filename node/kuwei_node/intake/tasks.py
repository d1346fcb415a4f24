"""Running an import: one transaction per group of batches, reading ahead.

Called by a worker's task and by the command line alike. Running it again after
an interruption continues where the ledger of batches ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum

from celery import Celery

from kuwei_node.intake.domain.progress import Entry, State
from kuwei_node.intake.domain.rows import BATCH_ROWS
from kuwei_node.intake.service.imports import Intake, Part, Work
from kuwei_node.intake.service.uploads import Uploads
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.errors import KuweiError

RUN = "intake.run"
EVERY_S = 3.0
ORDERS_PER_TASK = 16
GROUP_FILES = 200

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
    run = _Run(unit_of_work, intake, work, on_progress)
    for item in _ahead(_read(intake, work)):
        run.take(item)
    run.flush()
    with unit_of_work.begin() as session:
        return intake.finish_import(session, import_id)


def run_ordered(unit_of_work: UnitOfWork, intake: Intake, uploads: Uploads) -> int:
    """Run the imports ordered through the page; return how many were run."""
    done = 0
    while done < ORDERS_PER_TASK and _run_one(unit_of_work, intake, uploads):
        done += 1
    return done


def _run_one(unit_of_work: UnitOfWork, intake: Intake, uploads: Uploads) -> bool:
    with unit_of_work.begin() as session:
        order = uploads.claim(session)
    if order is None:
        return False
    failure = None
    try:
        run_import(unit_of_work, intake, order.import_id)
    except KuweiError as error:
        if uploads.is_tried_again(order, error):
            return True
        failure = error
    with unit_of_work.begin() as session:
        uploads.finished(session, order, failure)
    return True


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


class _Run:
    """Gathers batches, and the ends of files, into groups worth a transaction."""

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
        self._parts: list[Part] = []
        self._ended: list[_Ended] = []
        self._rows = self._stored = self._finished = 0

    def take(self, item: Item) -> None:
        """Take in a batch or the end of a file."""
        if isinstance(item, _Ended):
            self._ended.append(item)
        else:
            self._parts.append(item)
            self._rows += item.mapped.table.num_rows
        if self._rows >= BATCH_ROWS or len(self._ended) >= GROUP_FILES:
            self.flush()

    def flush(self) -> None:
        """Store the group in one transaction."""
        if not self._parts and not self._ended:
            return
        with self._unit_of_work.begin() as session:
            self._intake.store(session, self._work, self._parts)
            for end in self._ended:
                if end.error is None:
                    self._intake.finish_file(session, self._work, end.file)
                else:
                    self._intake.fail_file(session, end.file, end.error)
        self._stored += self._rows
        self._finished += len(self._ended)
        self._parts, self._ended, self._rows = [], [], 0
        if self._on_progress is not None:
            self._on_progress(self._finished, self._stored)


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
