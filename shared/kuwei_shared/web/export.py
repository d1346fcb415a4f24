"""Tables as files: CSV or XLSX, written as they are read, bounded, watermarked.

Text that a spreadsheet would run as a formula is defused (OWASP CSV injection).
The last row says who exported, when and how many: a leaked sheet names its
source (WL-29).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import BinaryIO
from urllib.parse import quote

import xlsxwriter
from fastapi.responses import StreamingResponse

from kuwei_shared.identity.principal import Principal
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.web import formats
from kuwei_shared.web.tables import Column

ROWS_MAX = 50_000
CHUNK = 64 * 1024
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Value = str | int | Decimal | dt.date | dt.datetime | bool | None


def answer(
    form: str,
    columns: Sequence[Column],
    rows: Iterable[object],
    *,
    title: str,
    principal: Principal,
    clock: Clock,
) -> StreamingResponse:
    """Stream rows as a file.

    Args:
        form: ``csv`` or ``xlsx``.
        columns: heading and attribute of each column.
        rows: objects with those attributes; at most ``ROWS_MAX``.
        title: file name without suffix.
        principal: named in the last row.
        clock: when.

    Raises:
        KuweiError: ``export.form`` for an unknown form; ``export.too_long`` while
            streaming is impossible to report, so callers check totals first with
            ``require_size``.
    """
    if form not in MEDIA:
        raise KuweiError("export.form", "只支持导出 csv 或 xlsx。", kind=Kind.MISSING)
    stamp = formats.moment(clock.now())
    lines = _lines(columns, rows, f"导出人:{principal.name};导出时间:{stamp}")
    write = _csv if form == "csv" else _xlsx
    name = quote(f"{title}-{stamp[:10]}.{form}")
    return StreamingResponse(
        write(lines),
        media_type=MEDIA[form],
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


def require_size(total: int) -> None:
    """Refuse an export longer than a person can use.

    Raises:
        KuweiError: ``export.too_long``.
    """
    if total > ROWS_MAX:
        raise KuweiError(
            "export.too_long",
            f"共 {total:,} 行,超过单次导出上限 {ROWS_MAX:,} 行,请先筛选。",
            kind=Kind.LIMITED,
        )


def _lines(
    columns: Sequence[Column], rows: Iterable[object], mark: str
) -> Iterator[list[Value]]:
    yield [column.label for column in columns]
    written = 0
    for row in rows:
        yield [_plain(getattr(row, column.name)) for column in columns]
        written += 1
        if written >= ROWS_MAX:
            break
    yield [f"{mark};共 {written} 行"]


def _plain(value: Value) -> Value:
    if isinstance(value, dt.datetime):
        return formats.moment(value)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _csv(lines: Iterable[Sequence[Value]]) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    for line in lines:
        writer.writerow(line)
        if buffer.tell() >= CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _xlsx(lines: Iterable[Sequence[Value]]) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        _write_workbook(file, lines)
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk


def _write_workbook(file: BinaryIO, lines: Iterable[Sequence[Value]]) -> None:
    options = {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True, "bg_color": "#E8EEF6"})
        plain = book.add_format()
        sheet.freeze_panes(1, 0)
        for number, line in enumerate(lines):
            for place, value in enumerate(line):
                style = plain if number else bold
                if isinstance(value, str):
                    sheet.write_string(number, place, value, style)
                elif isinstance(value, dt.date):
                    sheet.write_datetime(number, place, value)
                elif value is not None:
                    sheet.write_number(number, place, value, style)
