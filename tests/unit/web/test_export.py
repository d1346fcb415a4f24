import datetime as dt
import io
from dataclasses import dataclass
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from kuwei_shared.web import export
from kuwei_shared.web.tables import Column

COLUMNS = (
    Column(name="name", label="名称"),
    Column(name="amount", label="金额"),
    Column(name="day", label="日期"),
    Column(name="is_open", label="启用"),
)


@dataclass
class Row:
    name: str | None = "南宁市"
    amount: Decimal | None = Decimal("12.50")
    day: dt.date | dt.datetime | None = dt.date(2026, 1, 5)
    is_open: bool = True


def as_csv(*rows: Row) -> list[str]:
    lines = export._lines(COLUMNS, rows, "导出人:监控岗")
    return b"".join(export._csv(lines)).decode("utf-8-sig").splitlines()


def as_sheet(*rows: Row) -> list[list[object]]:
    lines = export._lines(COLUMNS, rows, "导出人:监控岗")
    written = io.BytesIO(b"".join(export._xlsx(lines)))
    book = CalamineWorkbook.from_filelike(written)
    return [list(row) for row in book.get_sheet_by_index(0).to_python()]


def test_a_sheet_is_headings_rows_and_who_took_it() -> None:
    assert as_csv(Row()) == [
        "名称,金额,日期,启用",
        "南宁市,12.50,2026-01-05,是",
        "导出人:监控岗",
    ]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_text_that_looks_like_a_formula_stays_text(name: str) -> None:
    assert as_csv(Row(name=name))[1].lstrip('"').startswith("'")
    assert as_sheet(Row(name=name))[1][0] == f"'{name}"


def test_a_workbook_keeps_numbers_and_dates_as_such() -> None:
    row = as_sheet(Row())[1]

    assert row[1] == 12.5
    assert row[2] == dt.date(2026, 1, 5)


def test_moments_are_written_in_beijing_time() -> None:
    moment = dt.datetime(2026, 1, 4, 20, tzinfo=dt.UTC)

    assert "2026-01-05 04:00" in as_csv(Row(day=moment))[1]


def test_missing_values_stay_empty() -> None:
    assert as_csv(Row(name=None, amount=None, day=None))[1] == ",,,是"


def test_a_long_table_is_written_in_pieces() -> None:
    lines = export._lines(COLUMNS, [Row(name="南" * 100)] * 2_000, "")

    assert len(list(export._csv(lines))) > 1
