"""What is wrong in a catalogue, where, and what to do about it.

Reading and checking never stop at the first fault: they return issues, so that
an author sees everything at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from kuwei_shared.kernel.errors import KuweiError

LISTED_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """A spot in a catalogue file; line and column count from 1."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Issue:
    """One fault: its place, a stable code, a Chinese sentence and the remedy."""

    place: Place
    code: str
    message: str
    remedy: str
    rule: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.place}: {self.code}: {self.message}改法:{self.remedy}"


def refusal(issues: Iterable[Issue]) -> KuweiError:
    """Return the one error that stands for all issues, first ones spelled out."""
    found = sorted(issues)
    lines = [str(issue) for issue in found[:LISTED_MAX]]
    if len(found) > LISTED_MAX:
        lines.append(f"……另有 {len(found) - LISTED_MAX} 处")
    return KuweiError(
        "catalogue.invalid",
        f"规则目录有 {len(found)} 处不合要求:\n" + "\n".join(lines),
        details={"issues": len(found), "first": str(found[0].place)},
    )
