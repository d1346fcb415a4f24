from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from kuwei_node.intake.adapters import profiles
from kuwei_node.intake.domain.mapping import Mapped, Mapper
from kuwei_node.intake.domain.profile import parse
from kuwei_node.intake.domain.rows import Chunk, Totals
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.vocabulary import Field

Fields = dict[str, Field]
BASE = """
id: test
title: 试
fields:
  payment_id: {template: "T-{编号}"}
  stage: {constant: voucher}
  entry_kind: {constant: normal}
  fiscal_year: {constant: "2026"}
  vou_date: {from: [日期]}
  agency_code: {constant: A}
  pay_amt: {from: [金额, 金 额(元)]}
"""
TOTALS_ROW = "totals_row: {column: 编号, matches: 合计, sums: {pay_amt: 金额}}\n"


def chunk(**columns: list[str | None]) -> Chunk:
    given = {
        "编号": ["1", "2"],
        "日期": ["2026-03-05", "2026-03-06"],
        "金额": ["1.00", "2.00"],
        **columns,
    }
    arrays = {name: pa.array(cells, pa.string()) for name, cells in given.items()}
    return Chunk(columns=arrays, lines=pa.array([2, 3], pa.int64()))


def mapped(fields: Fields, rows: Chunk, more: str = "", base: str = BASE) -> Mapped:
    mapper = Mapper(
        parse(base + more, name="试"), fields, place="三月", divisions=["450102000"]
    )
    return mapper.map(rows)


def test_a_file_without_a_division_is_the_nodes_own(payment_fields: Fields) -> None:
    table = mapped(payment_fields, chunk()).table

    assert table["mof_div_code"].to_pylist() == ["450102000"] * 2
    assert table["payment_id"].to_pylist() == ["T-1", "T-2"]


def test_totals_are_of_the_accepted_rows(payment_fields: Fields) -> None:
    outcome = mapped(payment_fields, chunk(金额=["1.00", "x"]))

    assert outcome.totals.rows == 1
    assert outcome.totals.pay_amt == Decimal("1.00")
    assert [(one.line, one.reason) for one in outcome.broken] == [(3, "field.money")]


def test_header_variants_and_stray_blanks_in_them_are_one(
    payment_fields: Fields,
) -> None:
    rows = chunk()
    columns = dict(rows.columns)
    columns["\ufeff金额(元) "] = columns.pop("金额")

    outcome = mapped(payment_fields, Chunk(columns=columns, lines=rows.lines))

    assert outcome.table.num_rows == 2


def test_codes_are_translated_and_unknown_ones_refused(payment_fields: Fields) -> None:
    more = "  set_mode_code: {from: [方式], codes: {转账: '1', 现金: '4'}}\n"

    outcome = mapped(payment_fields, chunk(方式=["现金", "刷脸"]), more)

    assert outcome.table["set_mode_code"].to_pylist() == ["4"]
    assert outcome.broken[0].reason == "field.code"


def test_a_subtotal_row_is_skipped_and_not_refused(payment_fields: Fields) -> None:
    more = "row_kinds:\n- {column: 编号, matches: '^小计', skip: true}\n"

    outcome = mapped(payment_fields, chunk(编号=["1", "小计"]), more)

    assert (outcome.table.num_rows, outcome.skipped, outcome.broken) == (1, 1, ())


def test_the_totals_row_declares_what_must_be_reproduced(
    payment_fields: Fields,
) -> None:
    rule = "{column: 编号, matches: 合计, count: 日期, sums: {pay_amt: 金额}}"
    more = f"totals_row: {rule}\n"

    outcome = mapped(
        payment_fields,
        chunk(编号=["1", "合计"], 日期=["2026-03-05", "1"], 金额=["1", "1"]),
        more,
    )

    assert outcome.declared == Totals(rows=1, pay_amt=Decimal("1.00"))
    assert outcome.totals.agrees_with(outcome.declared)


@pytest.mark.parametrize(
    ("how", "amount", "total", "expected"),
    [
        ("unit: 10000", "1.5", "1.5", "15000.00"),
        ("decimal: ','", "1.000,50", "1.000,50", "1000.50"),
        ("decimal: ','", "1.000,50", "9.999,00", "9999.00"),
    ],
)
def test_the_totals_row_is_read_as_the_rows_above_it(
    payment_fields: Fields, how: str, amount: str, total: str, expected: str
) -> None:
    rows = chunk(编号=["1", "合计"], 金额=[amount, total])

    outcome = mapped(
        payment_fields, rows, TOTALS_ROW, BASE.replace("]}\n", f"], {how}}}\n")
    )

    assert outcome.declared == Totals(pay_amt=Decimal(expected))
    assert (outcome.totals.rows, outcome.broken) == (1, ())


@pytest.mark.parametrize("total", ["1.00(不含税)", "1,0,0"])
def test_a_total_that_cannot_be_read_is_told_with_its_row(
    payment_fields: Fields, total: str
) -> None:
    rows = chunk(编号=["1", "合计"], 金额=["1.00", total])

    outcome = mapped(payment_fields, rows, TOTALS_ROW)

    [broken] = outcome.broken
    assert (broken.line, broken.reason, outcome.skipped) == (3, "report.total", 0)
    assert total in broken.raw.replace('"', "")


def test_a_total_left_blank_is_not_declared(payment_fields: Fields) -> None:
    rows = chunk(编号=["1", "合计"], 金额=["1.00", None])

    outcome = mapped(payment_fields, rows, TOTALS_ROW)

    assert (outcome.declared, outcome.broken, outcome.skipped) == (Totals(), (), 1)


def test_a_row_kind_sets_what_its_rows_are(payment_fields: Fields) -> None:
    more = "row_kinds:\n- {column: 类, matches: '退', set: {entry_kind: refund}}\n"

    rows = chunk(类=["退款", "支出"], 金额=["-1.00", "2.00"])

    outcome = mapped(payment_fields, rows, more)

    assert outcome.table["entry_kind"].to_pylist() == ["refund", "normal"]


def test_negative_amounts_become_refunds_where_the_profile_says_so(
    payment_fields: Fields,
) -> None:
    outcome = mapped(
        payment_fields, chunk(金额=["(1.00)", "2.00"]), "negative_is: refund\n"
    )

    assert outcome.table["entry_kind"].to_pylist() == ["refund", "normal"]
    assert outcome.table["pay_amt"].to_pylist() == [Decimal("-1.00"), Decimal("2.00")]


def test_lines_of_one_invoice_are_numbered_through_the_file(
    payment_fields: Fields,
) -> None:
    profile = parse(BASE + "line_no_per: [发票]\n", name="试")
    mapper = Mapper(profile, payment_fields, place="三月", divisions=["450102000"])

    first = mapper.map(chunk(发票=["甲", "乙"])).table["line_no"].to_pylist()
    second = mapper.map(chunk(发票=["甲", "甲"])).table["line_no"].to_pylist()

    assert (first, second) == ([1, 1], [2, 3])


def test_a_pattern_takes_a_part_and_refuses_what_has_none(
    payment_fields: Fields,
) -> None:
    more = "  pro_code: {from: [项], pattern: '^(?P<value>[0-9]+)-'}\n"

    outcome = mapped(payment_fields, chunk(项=["12-路", "桥"]), more)

    assert outcome.table["pro_code"].to_pylist() == ["12"]
    assert outcome.broken[0].reason == "field.pattern"


def test_a_missing_required_value_is_named(payment_fields: Fields) -> None:
    outcome = mapped(payment_fields, chunk(金额=["1.00", None]))

    assert (outcome.broken[0].reason, outcome.broken[0].field) == (
        "field.missing",
        "pay_amt",
    )


def test_hidden_control_characters_are_refused(payment_fields: Fields) -> None:
    outcome = mapped(
        payment_fields, chunk(用途=["办公", "办\x00公"]), "  use_des: {from: [用途]}\n"
    )

    assert outcome.broken[0].reason == "field.control_character"
    assert "\x00" not in outcome.broken[0].raw


def test_overlong_texts_are_refused_not_cut(payment_fields: Fields) -> None:
    outcome = mapped(
        payment_fields, chunk(用途=["办公", "长" * 700]), "  use_des: {from: [用途]}\n"
    )

    assert outcome.broken[0].reason == "field.length"


def test_the_fiscal_year_follows_the_profiles_year_end(payment_fields: Fields) -> None:
    text = BASE.replace('  fiscal_year: {constant: "2026"}\n', "")
    profile = parse(text + "fiscal_year_end: 3\n", name="试")
    mapper = Mapper(profile, payment_fields, place="三月", divisions=["450102000"])

    table = mapper.map(chunk(日期=["2018-03-31", "2018-04-01"])).table

    assert table["fiscal_year"].to_pylist() == [2017, 2018]


def test_an_unknown_field_in_a_profile_is_refused(payment_fields: Fields) -> None:
    with pytest.raises(KuweiError, match=r"profile\.invalid"):
        mapped(payment_fields, chunk(), "  payee_shoe_size: {constant: '43'}\n")


def test_an_unknown_key_in_a_profile_is_refused_with_its_place() -> None:
    with pytest.raises(KuweiError, match="colour"):
        parse(BASE + "colour: red\n", name="试")


@pytest.mark.parametrize("name", profiles.names())
def test_every_shipped_profile_fits_the_vocabulary(
    name: str, payment_fields: Fields
) -> None:
    profile = profiles.load(name)

    Mapper(profile, payment_fields, place="x", divisions=["450102000"])

    assert profile.id == name


def test_the_standard_profile_takes_typed_columns_and_chinese_names(
    payment_fields: Fields,
) -> None:
    mapper = Mapper(
        profiles.load("standard"), payment_fields, place="x", divisions=["450102000"]
    )

    [row] = mapper.map(typed()).table.to_pylist()

    assert (row["payment_id"], row["agency_code"]) == ("1", "101001")
    assert row["create_time"] == dt.datetime(2026, 3, 5, tzinfo=dt.UTC)


def typed() -> Chunk:
    local = dt.datetime(2026, 3, 5, 8)  # noqa: DTZ001  # a file's local time
    columns = {
        "支付主键": pa.array(["1"]),
        "stage": pa.array(["voucher"]),
        "entry_kind": pa.array(["normal"]),
        "mof_div_code": pa.array(["450102000"]),
        "fiscal_year": pa.array([2026], pa.int64()),
        "vou_date": pa.array([dt.date(2026, 3, 5)]),
        "create_time": pa.array([local], pa.timestamp("us")),
        "agency_code": pa.array([101001]),
        "支付金额": pa.array([Decimal("5.00")], pa.decimal128(18, 2)),
    }
    return Chunk(columns=columns, lines=pa.array([1]))
