"""The demo's stages: named, timed, in order, each ending in one line."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import screen
from processes import StageFailedError

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Stage(Generic[S]):
    """A stage's name and what it does; it returns a few words on what was done."""

    name: str
    work: Callable[[S], str]


@dataclass(slots=True)
class Report:
    """What became of the stages."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    failed: bool = False

    def table(self) -> str:
        """Set the stages in a table."""
        return screen.table(("阶段", "结果", "用时(秒)", "说明"), self.rows)


def run(stages: Sequence[Stage[S]], subject: S) -> Report:
    """Run the stages until one fails; say so as each ends."""
    report = Report()
    for number, stage in enumerate(stages, 1):
        print(f"[{number}/{len(stages)}] {stage.name} …", flush=True)
        started = time.monotonic()
        try:
            note, result = stage.work(subject), "完成"
        except StageFailedError as failure:
            print(f"\n{failure}\n", flush=True)
            note, result = str(failure).splitlines()[0], "失败"
            report.failed = True
        took = f"{time.monotonic() - started:.1f}"
        report.rows.append((stage.name, result, took, note))
        if report.failed:
            break
        print(f"      {note}({took} 秒)", flush=True)
    return report
