"""What is run when, and what a run leaves behind."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kuwei_shared.rules.model import Schedule

STRETCH_DAYS = 31
"""Days one day-end run may cover when a node catches up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Days a run covers, both included; the last one is the day it speaks for."""

    schedule: Schedule
    first: dt.date
    last: dt.date


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


STATES: dict[str, str] = {"done": "已完成", "waiting": "等待运行", "failed": "失败"}


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

    @property
    def schedule_title(self) -> str:
        """When it runs, in Chinese."""
        return SCHEDULES.get(self.schedule, self.schedule)

    @property
    def state_title(self) -> str:
        """How it stands, in Chinese."""
        if self.finished_at is not None:
            return "已完成"
        return "失败" if self.failure else "等待运行"

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


def day_stretches(first: dt.date, last: dt.date) -> Iterator[Stretch]:
    """Cut days into stretches inside calendar months."""
    while first <= last:
        end = min(month_end(first), last)
        yield Stretch(schedule=Schedule.DAY_END, first=first, last=end)
        first = end + dt.timedelta(days=1)


def month_stretches(first: dt.date, last: dt.date) -> Iterator[Stretch]:
    """Yield the calendar months that end inside the given days."""
    start = first.replace(day=1)
    while month_end(start) <= last:
        end = month_end(start)
        yield Stretch(schedule=Schedule.MONTH_END, first=start, last=end)
        start = end + dt.timedelta(days=1)


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
