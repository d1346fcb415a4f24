from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from kuwei_node.intake.adapters.encodings import detect
from kuwei_node.intake.adapters.files import open_file
from kuwei_node.intake.domain.profile import Layout, Reading
from kuwei_node.intake.domain.reasons import remedy
from kuwei_node.intake.domain.rows import Chunk
from kuwei_shared.kernel.errors import KuweiError

CHINESE = "单位,金额\n南宁市财政局,1.00\n桂林市教育局,2.00\n"


def write(folder: Path, content: str | bytes, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def chunks(path: Path, rows_max: int = 100, **reading: object) -> list[Chunk]:
    wanted = Reading.model_validate(reading)
    return list(open_file(str(path), path.name, wanted).chunks(rows_max))


def rows(path: Path, **reading: object) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for chunk in chunks(path, 100, **reading):
        found += pa.table(dict(chunk.columns)).to_pylist()
    return found


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_chinese_files_read_alike_in_every_encoding(
    tmp_path: Path, encoding: str
) -> None:
    path = write(tmp_path, CHINESE.encode(encoding))

    assert rows(path)[0] == {"单位": "南宁市财政局", "金额": "1.00"}


@pytest.mark.parametrize("text", ["£12.00 café", "naïve £A", "Zoë, £5"])
def test_western_signs_are_not_taken_for_chinese(tmp_path: Path, text: str) -> None:
    assert detect(write(tmp_path, text.encode("cp1252"))) == "cp1252"


def test_lines_are_counted_through_quoted_breaks_and_blank_lines(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, 'a,b\n1,"x\ny"\n\n2,z\n')

    [chunk] = chunks(path)

    assert chunk.lines.to_pylist() == [2, 5]


def test_ragged_rows_are_told_with_line_and_text(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n1,2\n3\n4,5,6\n7,8,\n")

    [chunk] = chunks(path)

    assert [(one.line, one.raw) for one in chunk.broken] == [(3, "3"), (4, "4,5,6")]
    assert chunk.lines.to_pylist() == [2, 5]


def test_an_unclosed_quote_is_an_unreadable_file_not_a_hang(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\n1,"' + "x\n" * 200_000)

    with pytest.raises(KuweiError, match=r"intake\.unreadable"):
        chunks(path)


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(tmp_path: Path, mark: str) -> None:
    path = write(tmp_path, f"a{mark}b\n1{mark}2\n")

    assert rows(path) == [{"a": "1", "b": "2"}]


def test_title_lines_above_the_header_are_skipped_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path, "2026年支付明细\n\na,b\n1,2\n")

    [chunk] = chunks(path, skip_lines=1)

    assert chunk.lines.to_pylist() == [4]


def test_blank_and_doubled_header_names_stay_apart(tmp_path: Path) -> None:
    path = write(tmp_path, "a,,a\n1,2,3\n")

    assert rows(path) == [{"a": "1", "列2": "2", "a_3": "3"}]


def test_batches_are_bounded_and_leave_nothing_out(tmp_path: Path) -> None:
    path = write(tmp_path, "a\n" + "".join(f"{n}\n" for n in range(25)))

    sizes = [len(chunk.lines) for chunk in chunks(path, rows_max=10)]

    assert sizes == [10, 10, 5]


def test_spreadsheets_give_texts_as_they_show_them(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["日期", "金额", "编号"])
        sheet.write_datetime(1, 0, dt.datetime(2026, 3, 5))  # noqa: DTZ001  # Excel knows no zones
        sheet.write_number(1, 1, 0.1 + 0.2)
        sheet.write_string(1, 2, "007")

    assert rows(path) == [{"日期": "2026-03-05", "金额": "0.3", "编号": "007"}]


def test_json_lines_report_what_is_no_flat_object(tmp_path: Path) -> None:
    path = write(tmp_path, '{"a":1.5,"b":null}\n[1]\n{"a":{}}\n{"b":"x"}\n', "x.jsonl")

    [chunk] = chunks(path)

    found = [(one.line, one.reason) for one in chunk.broken]
    assert found == [(2, "row.object"), (3, "row.object")]
    assert chunk.columns["a"].to_pylist() == ["1.5", None]
    assert chunk.lines.to_pylist() == [1, 4]


def test_a_key_met_once_is_a_column_from_there_on(tmp_path: Path) -> None:
    path = write(tmp_path, '{"a":1}\n{"a":2,"b":3}\n{"a":4}\n', "x.jsonl")

    columns = [chunk.columns for chunk in chunks(path, rows_max=1)]

    assert [list(one) for one in columns] == [["a"], ["a", "b"], ["a", "b"]]
    assert columns[2]["b"].to_pylist() == [None]


def test_the_mark_of_utf8_is_no_part_of_the_first_object(tmp_path: Path) -> None:
    path = write(tmp_path, '{"a":1}\n{"a":2}\n'.encode("utf-8-sig"), "x.jsonl")

    [chunk] = chunks(path)

    assert chunk.columns["a"].to_pylist() == ["1", "2"]
    assert (chunk.lines.to_pylist(), chunk.broken) == ([1, 2], ())


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le"])
def test_json_lines_in_another_encoding_are_told_so_line_by_line(
    tmp_path: Path, encoding: str
) -> None:
    path = write(tmp_path, '{"用途":"办公"}\n'.encode(encoding), "x.jsonl")

    [chunk] = chunks(path)

    assert {one.reason for one in chunk.broken} == {"row.encoding"}
    assert "UTF-8" in remedy("row.encoding", "")
    assert (chunk.columns, chunk.broken[0].line) == ({}, 1)


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    day = dt.date(2026, 3, 5)
    pq.write_table(pa.table({"d": [day], "n": [7]}), path)

    [chunk] = chunks(path)

    assert chunk.columns["d"].to_pylist() == [day]
    assert chunk.lines.to_pylist() == [1]


def test_a_parquet_file_is_known_by_its_bytes_not_its_name(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    pq.write_table(pa.table({"n": [7]}), path)

    assert rows(path) == [{"n": 7}]


@pytest.mark.parametrize(
    ("name", "content"), [("x.csv", ""), ("x.jsonl", ""), ("x.csv", "\n \n")]
)
def test_a_file_with_nothing_in_it_is_unreadable(
    tmp_path: Path, name: str, content: str
) -> None:
    path = write(tmp_path, content, name)

    with pytest.raises(KuweiError, match=r"intake\.unreadable"):
        chunks(path)


def test_a_sheet_with_nothing_in_it_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet()

    with pytest.raises(KuweiError, match="工作表是空的"):
        chunks(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KuweiError, match=r"没有\.csv"):
        open_file(str(tmp_path / "没有.csv"), "没有.csv", Reading())


def test_a_damaged_workbook_is_unreadable_not_a_crash(tmp_path: Path) -> None:
    path = write(tmp_path, b"PK\x03\x04 but no more", "x.xlsx")

    with pytest.raises(KuweiError, match=r"intake\.unreadable"):
        chunks(path, layout=Layout.XLSX)
