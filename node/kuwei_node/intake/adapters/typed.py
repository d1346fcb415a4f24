"""Files that carry types: spreadsheets, JSON lines, Parquet."""

from __future__ import annotations

import datetime as dt
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from kuwei_node.intake.adapters.delimited import chunk_of, header_names, unreadable
from kuwei_node.intake.domain.conversion import number_text
from kuwei_node.intake.domain.profile import Reading
from kuwei_node.intake.domain.reasons import Reason
from kuwei_node.intake.domain.rows import RAW_CHARS_MAX, Broken, Chunk

SPREADSHEET_BYTES_MAX = 200 << 20
MIDNIGHT = dt.time()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spreadsheet:
    """One sheet of an Excel workbook."""

    path: Path
    place: str
    reading: Reading
    encoding: str = "binary"

    def chunks(self, rows_max: int) -> Iterator[Chunk]:
        """Yield the rows below the header."""
        if self.path.stat().st_size > SPREADSHEET_BYTES_MAX:
            raise unreadable(self.place, "工作簿超过 200 MB,请改用 CSV 或 Parquet")
        try:
            rows = self._sheet().iter_rows()
            list(islice(rows, self.reading.skip_lines))
            header = header_names([_shown(cell) for cell in next(rows, [])])
            if not header:
                raise unreadable(self.place, "工作表是空的,没有表头")
            line = self.reading.skip_lines + 2
            while batch := [[_shown(c) for c in row] for row in islice(rows, rows_max)]:
                yield chunk_of(header, batch, range(line, line + len(batch)))
                line += len(batch)
        except (CalamineError, OSError) as error:
            raise unreadable(self.place, str(error)) from error

    def _sheet(self) -> CalamineSheet:
        book = CalamineWorkbook.from_path(self.path)
        wanted = self.reading.sheet
        if wanted is not None and wanted not in book.sheet_names:
            raise unreadable(self.place, f"没有名为「{wanted}」的工作表")
        return book.get_sheet_by_name(wanted) if wanted else book.get_sheet_by_index(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines:
    """One JSON object per line, in UTF-8."""

    path: Path
    place: str
    encoding: str = "utf-8"

    def chunks(self, rows_max: int) -> Iterator[Chunk]:
        """Yield the objects; a line that is none is reported.

        A key met once is a column from there on: who leaves it out leaves it blank.
        """
        names: dict[str, None] = {}
        with self.path.open("rb") as file:
            if file.read(len(BOM_UTF8)) != BOM_UTF8:
                file.seek(0)
            line = 1
            while batch := list(islice(file, rows_max)):
                yield _objects(batch, line, names)
                line += len(batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parquet:
    """A Parquet file; lines are row numbers."""

    path: Path
    place: str
    encoding: str = "binary"

    def chunks(self, rows_max: int) -> Iterator[Chunk]:
        """Yield the rows with the file's own types."""
        try:
            with pq.ParquetFile(self.path) as file:
                row = 1
                for batch in file.iter_batches(rows_max):
                    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
                    lines = pa.array(range(row, row + batch.num_rows), pa.int64())
                    yield Chunk(
                        columns={k: _flat(v) for k, v in columns.items()}, lines=lines
                    )
                    row += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise unreadable(self.place, str(error)) from error


def _flat(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _objects(batch: Sequence[bytes], first: int, names: dict[str, None]) -> Chunk:
    found: list[dict[str, object]] = []
    lines: list[int] = []
    broken: list[Broken] = []
    for line, text in enumerate(batch, first):
        if not text.strip():
            continue
        row = _object(text)
        if isinstance(row, Reason):
            raw = text.decode("utf-8", "replace")[:RAW_CHARS_MAX].replace("\0", "�")
            broken.append(Broken(line=line, raw=raw, reason=row))
            continue
        names.update(dict.fromkeys(row))
        found.append(row)
        lines.append(line)
    columns = {
        name: pa.array([_text(row.get(name)) for row in found], pa.string())
        for name in names
    }
    return Chunk(
        columns=columns, lines=pa.array(lines, pa.int64()), broken=tuple(broken)
    )


def _object(text: bytes) -> dict[str, object] | Reason:
    """Return a line's object, or why it is none."""
    try:
        row = orjson.loads(text)
    except orjson.JSONDecodeError:
        return Reason.OBJECT if _is_utf8(text) else Reason.ENCODING
    flat = isinstance(row, dict) and not any(
        isinstance(value, dict | list) for value in row.values()
    )
    return row if flat else Reason.OBJECT


def _is_utf8(text: bytes) -> bool:
    """Tell UTF-8 from other encodings, also those that put zeros between letters."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in text


def _text(value: object) -> str | None:
    return None if value is None else _shown(value)


def _shown(cell: object) -> str:
    """Return a cell as a person reads it."""
    match cell:
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case float():
            return number_text(cell) or ""
        case dt.datetime():
            day = cell.time() == MIDNIGHT
            return cell.date().isoformat() if day else cell.isoformat(" ")
        case dt.date():
            return cell.isoformat()
        case _:
            return str(cell)
