"""One batch being mapped: its columns under plain names, and its faults so far."""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kuwei_node.intake.domain import conversion
from kuwei_node.intake.domain.conversion import Fault
from kuwei_node.intake.domain.profile import Profile
from kuwei_node.intake.domain.reasons import Reason
from kuwei_node.intake.domain.rows import Broken, Chunk
from kuwei_shared.kernel.errors import KuweiError

COMPLAINT_CHARS = 120

Mask: TypeAlias = np.ndarray[tuple[int], np.dtype[np.bool_]]


class Batch:
    """Collects, row by row, the first fault found in a batch."""

    def __init__(
        self, profile: Profile, chunk: Chunk, blanks: pa.Array, place: str
    ) -> None:
        self.rows = len(chunk.lines)
        self.line_numbers: pa.Array | None = None
        self._profile = profile
        self._chunk = chunk
        self._blanks = blanks
        self._place = place
        self._columns = {plain(name): col for name, col in chunk.columns.items()}
        self._faults: list[tuple[Reason, str]] = []
        self._first = np.full(self.rows, -1, np.int32)

    def find(self, sources: Sequence[str]) -> pa.Array | None:
        """Return the first of several columns the file has."""
        names = (plain(source) for source in sources)
        return next((self._columns[n] for n in names if n in self._columns), None)

    def fill(self, template: str) -> pa.Array:
        """Fill a template row by row; null where a named column is blank."""
        parts: list[pa.Array | str] = []
        for literal, name, _, _ in string.Formatter().parse(template):
            if literal:
                parts.append(literal)
            if name is not None:
                parts.append(self._named(name))
        whole = [
            p if isinstance(p, pa.Array) else pa.repeat(p, self.rows) for p in parts
        ]
        return pc.binary_join_element_wise(*whole, "")

    def extract(self, name: str, text: pa.Array, pattern: str) -> pa.Array:
        """Take the part of each text the pattern's ``value`` group matches."""
        found = pc.struct_field(pc.extract_regex(text, pattern), "value")
        self.add(
            name, [(Reason.PATTERN, pc.and_(pc.is_valid(text), pc.is_null(found)))]
        )
        return found

    def override(self, name: str, value: pa.Array) -> pa.Array:
        """Apply the constants of the row kinds a row is of."""
        for kind in self._profile.row_kinds:
            if name in kind.values:
                column = self._columns.get(plain(kind.column))
                hit = matches(column, kind.matches, np.zeros(self.rows, np.bool_))
                constant = pc.cast(pa.scalar(kind.values[name]), value.type)
                value = pc.if_else(pa.array(hit), constant, value)
        return value

    def number_lines(self, seen: dict[tuple[object, ...], int]) -> None:
        """Number rows with equal keys 1, 2, … through the whole file."""
        if not self._profile.line_no_per:
            return
        keys = zip(
            *(self._named(name).to_pylist() for name in self._profile.line_no_per),
            strict=True,
        )
        numbers = []
        for key in keys:
            seen[key] = seen.get(key, 0) + 1
            numbers.append(seen[key])
        self.line_numbers = pa.array(numbers, pa.int32())

    def add(self, name: str, faults: Sequence[Fault]) -> None:
        """Record faults; a row keeps its first."""
        for reason, mask in faults:
            if not mask.true_count:
                continue
            bad = mask.to_numpy(zero_copy_only=False) & (self._first < 0)
            self._first[bad] = len(self._faults)
            self._faults.append((reason, name))

    def good(self) -> Mask:
        """Return which rows have no fault."""
        return self._first < 0

    def broken(self) -> tuple[Broken, ...]:
        """Describe the rows that have one."""
        return tuple(
            Broken(
                line=self._chunk.lines[index].as_py(),
                raw=self._chunk.raw(index),
                reason=self._faults[self._first[index]][0],
                field=self._faults[self._first[index]][1],
            )
            for index in np.flatnonzero(self._first >= 0).tolist()
        )

    def no_column(self, sources: Sequence[str]) -> KuweiError:
        """Say which column is missing and which the file has."""
        wanted = "、".join(sources)
        found = "、".join(list(self._chunk.columns)[:30])
        return KuweiError(
            "intake.columns",
            f"文件 {self._place} 缺少列「{wanted}」;现有列:{found}。"
            "请改用对应的导入方案,或在方案中补充列名。",
            details={"file": self._place, "column": wanted},
        )

    def _named(self, name: str) -> pa.Array:
        if name == "file":
            return pa.repeat(self._place, self.rows)
        if name == "line":
            return pc.cast(self._chunk.lines, pa.string())
        if name == "line_no":
            numbers = self.line_numbers
            return pc.cast(
                self._chunk.lines if numbers is None else numbers, pa.string()
            )
        column = self.find([name])
        if column is None:
            if not self.rows:
                return pa.nulls(0, pa.string())
            raise self.no_column([name])
        return conversion.text_of(column, self._blanks)


@contextmanager
def readable(place: str, column: str) -> Iterator[None]:
    """Tell which column of a file holds what nothing can be read from.

    Raises:
        KuweiError: ``intake.unreadable``.
    """
    try:
        yield
    except pa.ArrowException as error:
        raise KuweiError(
            "intake.unreadable",
            f"文件 {place} 的列「{column}」无法读取({str(error)[:COMPLAINT_CHARS]}),"
            "请以文本、数字或日期重新导出该列。",
            details={"file": place, "column": column},
        ) from error


def plain(name: str) -> str:
    """Return a column name without the differences exports make."""
    return "".join(name.removeprefix("\ufeff").split()).casefold()


def matches(
    column: pa.Array | None,
    pattern: str,
    like: Mask,
) -> Mask:
    """Return where a column matches a pattern; nowhere if there is no column."""
    if column is None:
        return np.zeros_like(like)
    found = pc.match_substring_regex(pc.cast(column, pa.string()), pattern)
    hit: Mask = pc.fill_null(found, fill_value=False).to_numpy(zero_copy_only=False)
    return hit
