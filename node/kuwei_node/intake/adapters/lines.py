"""The lines of a text file: one by one as text, or many at once as UTF-8.

A file that is UTF-8 already is not decoded to be encoded again: only its header, and
what needs careful reading, becomes text.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Protocol, TextIO

UTF8 = ("utf-8", "utf-8-sig")
# Lines of old machines end thus; only text is split there.
_LONE_RETURN = re.compile(rb"\r(?!\n|\Z)")
LOOK_BYTES = 1 << 20


class Lines(Protocol):
    """Lines not read yet, with their ends."""

    def each(self) -> Iterator[str]:
        """Yield the lines, no further than they are asked for."""
        ...

    def block(self, count: int) -> list[bytes]:
        """Return the next lines, at most so many, in UTF-8."""
        ...

    def rest(self, block: Sequence[bytes]) -> Iterator[str]:
        """Yield the lines of a block again, then all that follow."""
        ...


@dataclass(frozen=True, slots=True)
class TextLines:
    """Lines of a file in any encoding."""

    file: TextIO

    def each(self) -> Iterator[str]:
        """Yield the lines, no further than they are asked for."""
        return iter(self.file)

    def block(self, count: int) -> list[bytes]:
        """Return the next lines, at most so many, in UTF-8."""
        return [line.encode() for line in islice(self.file, count)]

    def rest(self, block: Sequence[bytes]) -> Iterator[str]:
        """Yield the lines of a block again, then all that follow."""
        return chain((line.decode() for line in block), self.file)


@dataclass(frozen=True, slots=True)
class Utf8Lines:
    """Lines of a file in UTF-8, as its bytes."""

    file: BinaryIO

    def each(self) -> Iterator[str]:
        """Yield the lines, no further than they are asked for."""
        return (line.decode() for line in self.file)

    def block(self, count: int) -> list[bytes]:
        """Return the next lines, at most so many."""
        return list(islice(self.file, count))

    def rest(self, block: Sequence[bytes]) -> Iterator[str]:
        """Yield the lines of a block again, then all that follow."""
        for part in (io.BytesIO(b"".join(block)), self.file):
            text = io.TextIOWrapper(part, "utf-8", newline="")
            try:
                yield from text
            finally:
                # Who opened the file closes it, maybe before these lines are given up.
                if not text.closed:
                    text.detach()


@contextmanager
def opened(path: Path, encoding: str) -> Iterator[Lines]:
    """Open a file's lines, its byte-order mark left out."""
    if encoding not in UTF8 or _has_lone_return(path):
        with path.open(encoding=encoding, newline="") as text:
            yield TextLines(text)
        return
    with path.open("rb") as file:
        if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            file.seek(0)
        yield Utf8Lines(file)


def _has_lone_return(path: Path) -> bool:
    with path.open("rb") as file:
        return _LONE_RETURN.search(file.read(LOOK_BYTES)) is not None
