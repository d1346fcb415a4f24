"""What the person at the terminal sees: stages, a moving line, tables."""

from __future__ import annotations

import io
import sys
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

REDRAW_S = 0.2
PLAIN_S = 5.0
BAR = 24


@dataclass(slots=True)
class Line:
    """One line that changes in place; on a pipe, a line every few seconds."""

    label: str
    started: float = field(default_factory=time.monotonic)
    drawn: float = 0.0

    def show(self, done: int, total: int, note: str = "") -> None:
        """Draw how far something is; the last state is always drawn."""
        now = time.monotonic()
        pause = REDRAW_S if sys.stdout.isatty() else PLAIN_S
        if done < total and now - self.drawn < pause:
            return
        self.drawn = now
        share = done / total if total else 1.0
        bar = "█" * round(share * BAR) + "░" * (BAR - round(share * BAR))
        rate = done / max(0.001, now - self.started)
        text = f"  {self.label} {bar} {done:,}/{total:,} · {rate:,.0f}/s {note}"
        if sys.stdout.isatty():
            print(f"\r\x1b[2K{text}", end="", flush=True)
        else:
            print(text, flush=True)

    def end(self) -> None:
        """Leave the line standing."""
        if sys.stdout.isatty():
            print(flush=True)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Set rows under heads; Chinese characters count two columns."""
    cells = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  "
        + "  ".join(_pad(cell, size) for cell, size in zip(row, widths, strict=True))
        for row in cells
    ]
    rule = "  " + "  ".join("─" * size for size in widths)
    return "\n".join([lines[0], rule, *lines[1:]])


def width(text: str) -> int:
    """Return how many terminal columns a text takes."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide


def _pad(cell: str, size: int) -> str:
    space = " " * (size - width(cell))
    number = cell.replace(",", "").replace(".", "").isdigit()
    return space + cell if number else cell + space


def utf8() -> None:
    """Print Chinese even where the locale says ASCII."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
