"""Tables as files: CSV or XLSX, streamed, bounded, watermarked, on the record.

Text that a spreadsheet would run as a formula is defused (OWASP CSV injection).
The last row says who exported, when and how many: a leaked sheet names its
source (WL-29).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import BinaryIO, TypeVar
from urllib.parse import quote

import xlsxwriter
from fastapi.responses import StreamingResponse

from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import PAGE_SIZE_MAX, Page, PageRequest
from kuwei_shared.web import formats
from kuwei_shared.web.parts import Desk
from kuwei_shared.web.tables import Column, Layout, TableAsk

Row = TypeVar("Row")

ROWS_MAX = 50_000
CHUNK = 64 * 1024
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Value = str | int | Decimal | dt.date | dt.datetime | bool | None


def table(
    form: str,
    layout: Layout,
    ask: TableAsk,
    read: Callable[[TableAsk], Page[Row]],
    *,
    desk: Desk,
) -> StreamingResponse:
    """Stream every row a table's filters match, as a file, and record the act.

    Args:
        form: ``csv`` or ``xlsx``.
        layout: heading and attribute of each column.
        ask: filters and order; its page is ignored.
        read: reads one page; called with ever higher page numbers.
        desk: whose transaction and whose name the file carries.

    Raises:
        KuweiError: ``export.form`` for an unknown form, ``export.too_long`` above
            ``ROWS_MAX`` rows.
    """
    if form not in MEDIA:
        raise KuweiError("export.form", "只支持导出 csv 或 xlsx。", kind=Kind.MISSING)
    rows = _every_row(ask, read)
    desk.record(
        "导出",
        layout.title,
        form=form,
        rows=len(rows),
        filters=layout.conditions(ask),
        sort=layout.order(ask),
    )
    stamp = formats.moment(desk.clock.now())
    mark = f"导出人:{desk.principal.name};导出时间:{stamp};共 {len(rows)} 行"
    lines = _lines(layout.columns, rows, mark)
    write = _csv if form == "csv" else _xlsx
    name = quote(f"{layout.title}-{stamp[:10]}.{form}")
    return StreamingResponse(
        write(lines),
        media_type=MEDIA[form],
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


def _every_row(ask: TableAsk, read: Callable[[TableAsk], Page[Row]]) -> list[Row]:
    rows: list[Row] = []
    number = 1
    while True:
        request = PageRequest(number=number, size=PAGE_SIZE_MAX, sort=ask.page.sort)
        page = read(TableAsk(page=request, filters=ask.filters))
        if page.total > ROWS_MAX:
            raise KuweiError(
                "export.too_long",
                f"共 {page.total:,} 行,超过单次导出上限 {ROWS_MAX:,} 行,请先筛选。",
                kind=Kind.LIMITED,
            )
        rows.extend(page.rows)
        if number >= page.last or len(rows) >= ROWS_MAX:
            return rows
        number += 1


def _lines(
    columns: Sequence[Column], rows: Iterable[object], mark: str
) -> Iterator[list[Value]]:
    yield [column.label for column in columns]
    for row in rows:
        yield [_said(column, getattr(row, column.name)) for column in columns]
    yield [mark]


def _said(column: Column, value: Value) -> Value:
    """Return a cell in the page's words; several codes come joined by ``、``."""
    if isinstance(value, str) and column.words:
        value = "、".join(column.words.get(one, one) for one in value.split("、"))
    return _plain(value)


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
