"""What passes between readers, mapping and storage: bounded batches of rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol, TypeVar

import pyarrow as pa
from sqlalchemy.orm import Session

from kuwei_node.intake.domain.profile import Profile, Reading
from kuwei_node.intake.domain.reasons import Reason
from kuwei_shared.rules.vocabulary import Vocabulary

BATCH_ROWS = 10_000
RAW_CHARS_MAX = 4_000

Number = TypeVar("Number", int, Decimal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Control totals: how many rows, how much money in yuan.

    ``None`` means the file declares no such total.
    """

    rows: int | None = None
    pay_amt: Decimal | None = None
    xpay_amt: Decimal | None = None

    def plus(self, other: Totals) -> Totals:
        """Add two totals; an undeclared part plus a declared one is declared."""
        return Totals(
            rows=_sum(self.rows, other.rows),
            pay_amt=_sum(self.pay_amt, other.pay_amt),
            xpay_amt=_sum(self.xpay_amt, other.xpay_amt),
        )

    def agrees_with(self, declared: Totals) -> bool:
        """Whether every declared part equals this one's."""
        pairs = (
            (declared.rows, self.rows),
            (declared.pay_amt, self.pay_amt),
            (declared.xpay_amt, self.xpay_amt),
        )
        return all(said is None or said == (found or 0) for said, found in pairs)


NO_TOTALS = Totals()


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A row that never became columns, or whose columns make no payment.

    Attributes:
        line: line in the file, from 1 (row in a Parquet file).
        raw: the row as read, cut to a bounded length.
        field: vocabulary field at fault, empty for the row as a whole.
    """

    line: int
    raw: str
    reason: Reason
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A batch of rows as the file has them: columns by source name.

    Attributes:
        columns: equally long arrays; strings, or typed where the file is typed.
        lines: int64, each row's line in the file.
        broken: rows that did not fit the columns.
        declared: totals the file declares in this stretch.
    """

    columns: Mapping[str, pa.Array]
    lines: pa.Array
    broken: tuple[Broken, ...] = ()
    declared: Totals = field(default_factory=Totals)

    def raw(self, index: int) -> str:
        """Return a row as one line of CSV, bounded."""
        cells = [_cell(column[index]) for column in self.columns.values()]
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(cells)
        return text.getvalue()[:RAW_CHARS_MAX].replace("\0", "�")


class Source(Protocol):
    """A file open for reading.

    ``place`` identifies the file in templates: its name without ending.
    """

    @property
    def place(self) -> str:
        """Name of the file without its ending."""
        ...

    @property
    def encoding(self) -> str:
        """How the text was encoded; ``binary`` for typed files."""
        ...

    def chunks(self, rows_max: int) -> Iterator[Chunk]:
        """Yield the rows in order, at most ``rows_max`` at a time."""
        ...


Profiles = Callable[[str], Profile]
"""Finds a profile by name; raises ``profile.unknown``."""


Words = Callable[[Session], Vocabulary]
"""Gives the vocabulary in force."""


class Opener(Protocol):
    """Opens a file as its profile says."""

    def __call__(self, path: str, name: str, reading: Reading) -> Source:
        """Open a file.

        Args:
            path: where the bytes are.
            name: what the file was called by whoever handed it in.
            reading: the profile's reading part.

        Raises:
            KuweiError: ``intake.unreadable``, naming the file and the remedy.
        """
        ...


def _cell(value: pa.Scalar) -> object:
    """Return a cell as it is; a time Python cannot tell, as its bare number."""
    try:
        return value.as_py()
    except (ValueError, OverflowError):
        return value.value


def _sum(a: Number | None, b: Number | None) -> Number | None:
    if a is None:
        return b
    return a if b is None else a + b
