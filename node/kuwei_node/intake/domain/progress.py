"""How far an import is, and how its control totals came out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from kuwei_node.intake.domain.reasons import TITLES as REASONS
from kuwei_node.intake.domain.reasons import Reason
from kuwei_node.intake.domain.rows import Broken, Totals


class State(StrEnum):
    """State of an import or a file, from good to bad.

    ``partly``: some rows refused; ``differs``: read to the end, but not the totals
    the file declares; ``refused``: every row refused, nothing was stored.
    """

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    PARTLY = "partly"
    DIFFERS = "differs"
    REFUSED = "refused"
    FAILED = "failed"


TITLES = {
    State.WAITING: "等待导入",
    State.RUNNING: "正在导入",
    State.DONE: "已完成",
    State.PARTLY: "部分拒收",
    State.DIFFERS: "控制合计不符",
    State.REFUSED: "全部拒收",
    State.FAILED: "无法读取",
}
ABANDONED = "已中断"
UNFINISHED = frozenset({State.WAITING, State.RUNNING})
_WORST = (
    State.FAILED,
    State.DIFFERS,
    State.RUNNING,
    State.WAITING,
    State.PARTLY,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A file somebody handed in.

    Attributes:
        path: where its bytes are kept until it is read.
        name: what it was called.
        sha256: of its content, in hexadecimal.
    """

    path: str
    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An import a worker holds; only the latest attempt may finish it."""

    import_id: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSearch:
    """Which imports; what is None does not narrow."""

    state: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """An import as it was asked for; ``divisions`` starts with the bureau itself."""

    id: int
    profile: str
    divisions: tuple[str, ...]
    state: State
    started_by: str
    started_at: dt.datetime
    finished_at: dt.datetime | None

    @property
    def division(self) -> str:
        """The bureau whose import it is."""
        return self.divisions[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of an import as work to do.

    Attributes:
        digest: of how it is read; ``profile.reading_digest``.
        declared: totals declared by whoever handed it in.
    """

    id: int
    import_id: int
    name: str
    path: str
    sha256: str
    digest: str
    state: State
    declared: Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProgress:
    """One file of an import.

    Attributes:
        present: accepted rows the ledger of payments already held.
        skipped: rows that are no payments (subtotals, notes).
        declared: totals the file or whoever handed it in declares.
        reproduced: totals of the accepted rows.
    """

    id: int
    name: str
    state: State
    message: str | None
    encoding: str | None
    size_bytes: int
    read: int
    accepted: int
    present: int
    rejected: int
    skipped: int
    declared: Totals
    reproduced: Totals

    @property
    def state_title(self) -> str:
        """How it stands, in Chinese."""
        return TITLES[self.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """An import and how far it is.

    Attributes:
        present_pay_amt: money of the rows the ledger of payments already held; it
            was not paid once more.
        share: of its bytes, from 0 to 1.
        is_abandoned: it is not over, but nobody is at it, nor will be by itself.
    """

    heading: Heading
    files: int
    files_finished: int
    read: int
    accepted: int
    present: int
    present_pay_amt: Decimal
    rejected: int
    share: float
    is_abandoned: bool

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.heading.state not in UNFINISHED or self.is_abandoned

    @property
    def number(self) -> int:
        """The import's number."""
        return self.heading.id

    @property
    def profile(self) -> str:
        """The profile its files were read with."""
        return self.heading.profile

    @property
    def state_title(self) -> str:
        """How it stands, in Chinese."""
        return ABANDONED if self.is_abandoned else TITLES[self.heading.state]

    @property
    def started_at(self) -> dt.datetime:
        """When it was asked for."""
        return self.heading.started_at

    @property
    def started_by(self) -> str:
        """Who asked for it."""
        return self.heading.started_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A refused row as a person reads it."""

    file: str
    line: int
    raw: str
    reason: str
    field: str
    remedy: str

    @property
    def reason_title(self) -> str:
        """Why it was refused, in two words."""
        return REASONS[Reason(self.reason)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason among those an import's rows were refused for.

    Attributes:
        rows: how many.
        remedy: what to do about it, naming the field.
    """

    reason: str
    rows: int
    remedy: str

    @property
    def reason_title(self) -> str:
        """Why, in two words."""
        return REASONS[Reason(self.reason)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Sums over the stored batches of a file.

    Attributes:
        unread: a total the file declares could not be read.
    """

    read: int
    accepted: int
    present: int
    rejected: int
    skipped: int
    totals: Totals
    declared: Totals
    unread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What storing one batch came to; becomes its ledger row.

    Attributes:
        present_pay_amt: money of the rows the ledger of payments already held.
    """

    batch_id: int
    read: int
    accepted: int
    present: int
    present_pay_amt: Decimal
    skipped: int
    totals: Totals
    declared: Totals
    broken: Sequence[Broken]


def judge(came: Tally, declared: Totals) -> State:
    """Return how a file that was read to its end came out."""
    if came.rejected and not came.accepted:
        return State.REFUSED
    if came.unread or not came.totals.agrees_with(declared):
        return State.DIFFERS
    return State.PARTLY if came.rejected else State.DONE


def worst(states: Collection[State], *, accepted: int) -> State:
    """Return the state of an import from those of its files.

    Args:
        states: of its files.
        accepted: rows of all files; a file refused whole is a part of an import.
    """
    if State.REFUSED in states and not accepted and State.FAILED not in states:
        return State.REFUSED
    if State.REFUSED in states:
        states = {*states, State.PARTLY}
    return next((state for state in _WORST if state in states), State.DONE)
