"""What is run when, and what a run leaves behind."""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from kuwei_shared.rules.model import Schedule

MONTHS_BACK = 36
"""Months before this one whose days are run even if nothing is known of them."""

Marks: TypeAlias = Mapping[dt.date, str]
"""Day → what it holds, condensed; a day that is absent holds nothing."""
Read: TypeAlias = Mapping[dt.date, str | None]
"""Day → its mark when it was read ("" for nothing); None while a run is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """When reference data without a date of its own was loaded.

    Attributes:
        begun: number from which every kind there is now was known; 0 without any.
        months: first day of a month of loading, and the latest number known then;
            months rising.
    """

    begun: int = 0
    months: Sequence[tuple[dt.date, int]] = ()

    @property
    def since(self) -> dt.date | None:
        """The first day a load concerns though nothing happened on it."""
        return _month_before(self.months[0][0]) if self.months else None

    def mark_of(self, day: dt.date) -> str:
        """Return what of it a day is judged by, condensed.

        The first load of a kind concerns every day, a later one those of its own
        month and the month before: a day long past is not judged anew for each.
        """
        month = day.replace(day=1)
        upto = [
            known for loaded, known in self.months if _month_before(loaded) <= month
        ]
        known = max(self.begun, upto[-1] if upto else 0)
        return f" known:{known}" if known else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Days a run covers, both included; the last one is the day it speaks for."""

    schedule: Schedule
    first: dt.date
    last: dt.date

    def days(self) -> Iterator[dt.date]:
        """Yield each day covered."""
        return _each_day(self.first, self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReceipt:
    """Proof that one rule was run: how many rows it met, and what came out.

    Attributes:
        failed: why the rule itself could not be run, else None.
    """

    rule_id: str
    rows: int
    hits: int
    undetermined: int
    failed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A run a worker holds; only the holder of the latest attempt may finish it."""

    run_id: int
    attempt: int
    stretch: Stretch


SCHEDULES: dict[str, str] = {"day_end": "每日日终", "month_end": "每月月末"}


STATES: dict[str, str] = {
    "done": "已完成",
    "waiting": "等待运行",
    "failed": "失败",
    "abandoned": "已放弃",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSearch:
    """Which runs; what is None does not narrow."""

    schedule: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run of scheduled rules, and the receipts that prove it.

    Attributes:
        receipts: one per rule that was run; empty until it has finished.
        is_abandoned: every attempt failed; it rests before it is tried again.
    """

    id: int
    schedule: str
    first_day: dt.date
    last_day: dt.date
    created_at: dt.datetime
    attempt: int
    finished_at: dt.datetime | None
    release: str | None
    failure: str | None
    receipts: Mapping[str, Sequence[RuleReceipt]]
    is_abandoned: bool = False

    @property
    def schedule_title(self) -> str:
        """When it runs, in Chinese."""
        return SCHEDULES.get(self.schedule, self.schedule)

    @property
    def state_title(self) -> str:
        """How it stands, in Chinese."""
        if self.finished_at is not None:
            return STATES["done"]
        if self.is_abandoned:
            return STATES["abandoned"]
        return STATES["failed" if self.failure else "waiting"]

    @property
    def rules(self) -> int:
        """How many rules were run."""
        return sum(len(each) for each in self.receipts.values())

    @property
    def hits(self) -> int:
        """How many rows the rules hit."""
        return sum(one.hits for each in self.receipts.values() for one in each)

    @property
    def undetermined(self) -> int:
        """How many rows could not be judged."""
        return sum(one.undetermined for each in self.receipts.values() for one in each)


NOTHING_LOADED = Knowledge()


def due(
    marks: Marks,
    read: Mapping[Schedule, Read],
    today: dt.date,
    known: Knowledge = NOTHING_LOADED,
) -> Iterator[Stretch]:
    """Yield what must be run: one stretch of days per month, and closed months.

    A day is run when no run covered it or when it is judged by other rows than the
    latest run read, and whether or not anything happened on it.

    Args:
        marks: what each finished day holds now.
        read: what the latest run of each schedule read of each day it covered.
        today: not over yet.
        known: what reference data they are judged by.
    """
    days = sorted(_expected(marks, today, known.since))
    now = {day: marked(day, marks, known) for day in days}
    for end, each in itertools.groupby(days, month_end):
        unread = [day for day in each if _is_due(day, now, read[Schedule.DAY_END])]
        if unread:
            yield Stretch(schedule=Schedule.DAY_END, first=unread[0], last=unread[-1])
        month = Stretch(schedule=Schedule.MONTH_END, first=end.replace(day=1), last=end)
        closed = read[Schedule.MONTH_END]
        now |= {day: marked(day, marks, known) for day in month.days()}
        if end < today and any(_is_due(day, now, closed) for day in month.days()):
            yield month


def marked(day: dt.date, marks: Marks, known: Knowledge) -> str:
    """Return what a day is judged by: its rows, and the reference data loaded."""
    return marks.get(day, "") + known.mark_of(day)


def _expected(marks: Marks, today: dt.date, since: dt.date | None) -> set[dt.date]:
    """Return the days that hold anything, and each of the last months' days."""
    begins = [*marks, *([since] if since is not None else [])]
    if not begins:
        return set()
    month = today.year * 12 + today.month - 1 - MONTHS_BACK
    horizon = dt.date(month // 12, month % 12 + 1, 1)
    first = max(min(begins), horizon)
    return {*marks, *_each_day(first, today - dt.timedelta(days=1))}


def _is_due(day: dt.date, now: Marks, read: Read) -> bool:
    if day not in read:
        return True
    known = read[day]
    return known is not None and known != now[day]


def _each_day(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    while first <= last:
        yield first
        first += dt.timedelta(days=1)


def _month_before(month: dt.date) -> dt.date:
    return (month - dt.timedelta(days=1)).replace(day=1)


def month_end(day: dt.date) -> dt.date:
    """Return the last day of a date's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def receipts(rule_ids: list[str], tallies: Mapping[str, int]) -> list[RuleReceipt]:
    """Fold (outcome string → rows) into one receipt per rule."""
    return [
        RuleReceipt(
            rule_id=rule_id,
            rows=sum(tallies.values()),
            hits=_count(tallies, place, "1"),
            undetermined=_count(tallies, place, "?"),
        )
        for place, rule_id in enumerate(rule_ids)
    ]


def _count(tallies: Mapping[str, int], place: int, letter: str) -> int:
    return sum(rows for outcomes, rows in tallies.items() if outcomes[place] == letter)
