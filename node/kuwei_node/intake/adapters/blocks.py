"""The fast way through delimited text: whole blocks of clean lines at once.

A block is clean when every line is one complete, non-blank row of the header's
width. Anything else is left to the careful reader, which is exact about quoted
line breaks, ragged and blank rows; where both apply they agree (tested).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

QUOTE = b'"'


def parse_block(
    lines: Sequence[bytes], header: Sequence[str], delimiter: str
) -> Mapping[str, pa.Array] | None:
    """Parse lines into columns of strings, or nothing if they are not clean.

    Args:
        lines: whole lines with their ends, in UTF-8.
        header: column names, all different.
        delimiter: one character.
    """
    data = b"".join(lines)
    if len(header) < 2 or _has_open_quotes(lines, data):  # noqa: PLR2004  # blank lines show only between columns
        return None
    try:
        table = _read(data, header, delimiter)
    except pa.ArrowInvalid:
        return None
    if table.num_rows != len(lines) or _has_blank_rows(table):
        return None
    return {name: table[name].combine_chunks() for name in header}


def _has_open_quotes(lines: Sequence[bytes], data: bytes) -> bool:
    """Whether a quote is left open, or opened where only careful reading tells."""
    if QUOTE not in data:
        return False
    return any(line.count(QUOTE) % 2 for line in lines)


def _read(data: bytes, header: Sequence[str], delimiter: str) -> pa.Table:
    return arrow_csv.read_csv(
        pa.BufferReader(data),
        arrow_csv.ReadOptions(
            column_names=list(header), use_threads=False, block_size=len(data) + 1
        ),
        arrow_csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
        arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()),
            strings_can_be_null=False,
        ),
    )


def _has_blank_rows(table: pa.Table) -> bool:
    """Whether some row has nothing in any column."""
    suspects = table
    for name in table.column_names:
        empty = pc.equal(pc.utf8_trim_whitespace(suspects[name]), "")
        suspects = suspects.filter(empty)
        if suspects.num_rows == 0:
            return False
    return True
