"""Numbers longer than a program holds are refused, not stored rounded."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from kuwei_node.intake.adapters import profiles
from kuwei_node.intake.adapters.files import open_file
from kuwei_node.intake.domain.mapping import Mapped, Mapper
from kuwei_node.intake.domain.profile import Reading
from kuwei_node.intake.domain.reasons import remedy
from kuwei_shared.rules.vocabulary import Field

Fields = dict[str, Field]
Row = dict[str, object]
PAYMENT: Row = {
    "payment_id": "P1",
    "stage": "voucher",
    "entry_kind": "normal",
    "mof_div_code": "450102000",
    "fiscal_year": 2026,
    "vou_date": "2026-03-05",
    "agency_code": "A001",
    "pay_amt": 5.5,
}


@pytest.fixture(params=["x.xlsx", "x.jsonl", "x.parquet"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Where a file goes, in each of the layouts that carry numbers."""
    return tmp_path / str(request.param)


def written(path: Path, row: Row) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist([row]), path)
    elif path.suffix == ".jsonl":
        path.write_bytes(orjson.dumps(row) + b"\n")
    else:
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, list(row))
            sheet.write_row(1, 0, list(row.values()))
    return path


def mapped(fields: Fields, path: Path) -> Mapped:
    source = open_file(str(path), path.name, Reading())
    standard = profiles.load("standard")
    mapper = Mapper(standard, fields, place="x", divisions=["450102000"])
    [chunk] = source.chunks(10)
    return mapper.map(chunk)


@pytest.mark.parametrize(
    ("field", "number"),
    [
        ("payee_acct_no", 6.2220212345678901e18),
        ("payee_acct_no", 6e18),
        ("payment_id", 1.234567890123456e15),
        ("pay_amt", 12345678901234.56),
        ("pay_amt", 99999999999999.99),
    ],
)
def test_a_number_that_was_rounded_is_refused(
    payment_fields: Fields, path: Path, field: str, number: float
) -> None:
    outcome = mapped(payment_fields, written(path, PAYMENT | {field: number}))

    [broken] = outcome.broken
    assert (broken.reason, broken.field) == ("field.digits", field)
    assert "以文本格式导出" in remedy(broken.reason, "收款人账号")


@pytest.mark.parametrize(
    ("field", "number", "stored"),
    [
        ("payee_acct_no", 622021234567890.0, "622021234567890"),
        ("agency_code", 101001.0, "101001"),
        ("pay_amt", 0.1 + 0.2, "0.30"),
        ("pay_amt", 9999999999999.99, "9999999999999.99"),
        ("pay_amt", 12345678901234.0, "12345678901234.00"),
    ],
)
def test_a_number_that_is_held_exactly_is_taken(
    payment_fields: Fields, path: Path, field: str, number: float, stored: str
) -> None:
    outcome = mapped(payment_fields, written(path, PAYMENT | {field: number}))

    assert outcome.broken == ()
    assert str(outcome.table[field][0].as_py()) == stored


def test_long_whole_numbers_of_json_lines_stay_whole(
    payment_fields: Fields, tmp_path: Path
) -> None:
    path = written(tmp_path / "x.jsonl", PAYMENT | {"payee_acct_no": 2**63 - 1})

    table = mapped(payment_fields, path).table

    assert table["payee_acct_no"].to_pylist() == ["9223372036854775807"]


@pytest.mark.parametrize("cell", ["6.22202E+18", "6.22202123456789e+18", "6E+18"])
def test_what_a_spreadsheet_rounded_before_it_wrote_text_is_refused_too(
    payment_fields: Fields, tmp_path: Path, cell: str
) -> None:
    path = tmp_path / "x.csv"
    row = {name: str(value) for name, value in PAYMENT.items()} | {
        "payee_acct_no": cell
    }
    path.write_text(f"{','.join(row)}\n{','.join(row.values())}\n", "utf-8")

    assert [one.reason for one in mapped(payment_fields, path).broken] == [
        "field.digits"
    ]


def test_codes_that_only_look_like_powers_are_codes(
    payment_fields: Fields, tmp_path: Path
) -> None:
    row = PAYMENT | {"agency_code": "3E10", "pro_code": "1e+5x", "bgt_id": "1+1"}

    assert mapped(payment_fields, written(tmp_path / "x.jsonl", row)).broken == ()


def test_what_is_not_a_number_is_nothing(
    payment_fields: Fields, tmp_path: Path
) -> None:
    row = PAYMENT | {"dept_code": float("nan")}

    table = mapped(payment_fields, written(tmp_path / "x.parquet", row)).table

    assert table["dept_code"].to_pylist() == [None]
