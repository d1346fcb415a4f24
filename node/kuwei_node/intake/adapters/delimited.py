"""Delimited text as a stream of batches, with exact line numbers.

Quoted line breaks, blank lines, ragged rows, doubled or empty header names and
trailing separators all occur in real exports and are dealt with here.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from kuwei_node.intake.adapters import encodings
from kuwei_node.intake.adapters.blocks import parse_block
from kuwei_node.intake.adapters.lines import Lines, opened
from kuwei_node.intake.domain.profile import Reading
from kuwei_node.intake.domain.reasons import Reason
from kuwei_node.intake.domain.rows import RAW_CHARS_MAX, Broken, Chunk
from kuwei_shared.kernel.errors import KuweiError

DELIMITERS = ",\t;|"
COLUMNS_MAX = 500
_BREAK = re.compile(r"\r\n|\r|\n")


class Reader(Protocol):
    """What ``csv.reader`` returns."""

    @property
    def line_num(self) -> int:
        """Lines read so far."""
        ...

    def __iter__(self) -> Iterator[list[str]]:
        """Iterate over rows."""
        ...

    def __next__(self) -> list[str]:
        """Read the next row."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimited:
    """A delimited text file."""

    path: Path
    place: str
    encoding: str
    reading: Reading

    def chunks(self, rows_max: int) -> Iterator[Chunk]:
        """Yield the rows below the header."""
        try:
            with opened(self.path, self.encoding) as lines:
                above, first = self._above_header(lines)
                if not first:
                    raise unreadable(self.place, "文件里没有表头")
                delimiter = self.reading.delimiter or _delimiter(first)
                reader = csv.reader(chain([first], lines.each()), delimiter=delimiter)
                header = header_names(next(reader, []))
                read = above + reader.line_num
                yield from self._blocks(lines, header, delimiter, rows_max, read)
        except (UnicodeError, csv.Error) as error:
            raise unreadable(self.place, str(error)) from error

    def _above_header(self, lines: Lines) -> tuple[int, str]:
        """Skip titles and blank lines; return how many, and the header's line."""
        above = 0
        for line in lines.each():
            if above >= self.reading.skip_lines and line.strip():
                return above, line
            above += 1
        return above, ""

    def _blocks(
        self,
        lines: Lines,
        header: list[str],
        delimiter: str,
        rows_max: int,
        read: int,
    ) -> Iterator[Chunk]:
        """Go fast through clean blocks; from the first that is not, carefully."""
        while block := lines.block(rows_max):
            columns = parse_block(block, header, delimiter)
            if columns is None:
                careful = csv.reader(lines.rest(block), delimiter=delimiter)
                yield from _rows(careful, header, rows_max, read)
                return
            numbers = range(read + 1, read + 1 + len(block))
            yield Chunk(columns=columns, lines=pa.array(numbers, pa.int64()))
            read += len(block)


def open_delimited(path: str, place: str, reading: Reading) -> Delimited:
    """Open a delimited file, finding out its encoding unless it is given."""
    where = Path(path)
    given = reading.encoding
    encoding = encodings.detect(where) if given == "auto" else given
    return Delimited(path=where, place=place, encoding=encoding, reading=reading)


def header_names(cells: Sequence[str]) -> list[str]:
    """Name every column, also those a header leaves blank or names twice."""
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = cell.removeprefix("\ufeff").strip() or f"列{number}"
        names.append(f"{name}_{number}" if name in names else name)
    return names


def chunk_of(
    header: Sequence[str], rows: Sequence[Sequence[str]], lines: Sequence[int]
) -> Chunk:
    """Make a batch of rows; blank ones vanish, ragged ones are reported."""
    width = len(header)
    broken: list[Broken] = []
    if set(map(len, rows)) != {width}:
        rows, lines, broken = _straighten(rows, lines, width)
    columns = zip(*rows, strict=True) if rows else ([] for _ in header)
    return Chunk(
        columns={
            name: pa.array(cells, pa.string())
            for name, cells in zip(header, columns, strict=True)
        },
        lines=pa.array(lines, pa.int64()),
        broken=tuple(broken),
    )


def unreadable(place: str, complaint: str) -> KuweiError:
    """Return the error for a file that cannot be read."""
    return KuweiError(
        "intake.unreadable",
        f"文件 {place} 无法读取({complaint[:200]}),"
        "请检查文件是否完整、编码与分隔符是否符合导入方案。",
        details={"file": place},
    )


def _rows(
    reader: Reader, header: list[str], rows_max: int, above: int
) -> Iterator[Chunk]:
    read = 0
    while rows := list(islice(reader, rows_max)):
        lines = _lines(rows, above + read, reader.line_num - read)
        read = reader.line_num
        yield chunk_of(header, rows, lines)


def _delimiter(line: str) -> str:
    return max(DELIMITERS, key=line.count)


def _lines(rows: Sequence[Sequence[str]], before: int, passed: int) -> Sequence[int]:
    """Return the line each row begins on; quoted line breaks make rows taller."""
    if passed == len(rows):
        return range(before + 1, before + 1 + passed)
    heights = (1 + sum(len(_BREAK.findall(c)) for c in row) for row in rows)
    return list(accumulate(heights, initial=before + 1))[:-1]


def _straighten(
    rows: Sequence[Sequence[str]], lines: Sequence[int], width: int
) -> tuple[list[Sequence[str]], list[int], list[Broken]]:
    kept: list[Sequence[str]] = []
    kept_lines: list[int] = []
    broken: list[Broken] = []
    for row, line in zip(rows, lines, strict=True):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) >= width and not any(row[width:]):
            kept.append(row[:width])
            kept_lines.append(line)
        else:
            raw = ",".join(row)[:RAW_CHARS_MAX].replace("\0", "�")
            broken.append(Broken(line=line, raw=raw, reason=Reason.COLUMNS))
    return kept, kept_lines, broken
