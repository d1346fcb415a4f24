"""Columns of a Parquet file whose types hold what no payment can."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from kuwei_node.intake.adapters import profiles
from kuwei_node.intake.domain.mapping import Mapped, Mapper
from kuwei_node.intake.domain.profile import parse
from kuwei_node.intake.domain.rows import Chunk
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.vocabulary import Field

Fields = dict[str, Field]
DAY = dt.date(2026, 3, 5)
GOOD_NS = 1_772_000_000_123_456_789


def mapped(fields: Fields, profile: str = "standard", **columns: pa.Array) -> Mapped:
    given = {
        "payment_id": pa.array(["1", "2"]),
        "stage": pa.array(["voucher"] * 2),
        "entry_kind": pa.array(["normal"] * 2),
        "mof_div_code": pa.array(["450102000"] * 2),
        "fiscal_year": pa.array([2026, 2026]),
        "vou_date": pa.array([DAY, DAY]),
        "agency_code": pa.array(["A001"] * 2),
        "pay_amt": pa.array(["1.00", "2.00"]),
        **columns,
    }
    chosen = parse(profile, name="试") if "\n" in profile else profiles.load(profile)
    mapper = Mapper(chosen, fields, place="三月", divisions=["450102000"])
    return mapper.map(Chunk(columns=given, lines=pa.array([1, 2], pa.int64())))


@pytest.mark.parametrize(
    ("field", "column", "reason"),
    [
        ("fiscal_year", pa.array([2026, 99_999_999_999]), "field.number"),
        ("fiscal_year", pa.array([2026, 2**63], pa.uint64()), "field.number"),
        ("fiscal_year", pa.array([2026, -(2**40)]), "field.number"),
        ("vou_date", pa.array([DAY, dt.date(26, 3, 5)]), "field.date"),
        (
            "vou_date",
            pa.array([20_517, 10**9], pa.int32()).cast(pa.date32()),
            "field.date",
        ),
        (
            "vou_date",
            pa.array([20_517 * 86_400_000, 10**15]).cast(pa.date64()),
            "field.date",
        ),
        (
            "create_time",
            pa.array([GOOD_NS // 10**9, 10**15]).cast(pa.timestamp("s", "UTC")),
            "field.date",
        ),
        (
            "create_time",
            pa.array([GOOD_NS // 10**6, 10**16]).cast(pa.timestamp("ms")),
            "field.date",
        ),
    ],
)
def test_a_value_the_type_cannot_hold_is_its_rows_fault_alone(
    payment_fields: Fields, field: str, column: pa.Array, reason: str
) -> None:
    outcome = mapped(payment_fields, **{field: column})

    [broken] = outcome.broken
    assert (broken.line, broken.reason, broken.field) == (2, reason, field)
    assert broken.raw.startswith("2,voucher,normal")
    assert outcome.table["payment_id"].to_pylist() == ["1"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_what_is_finer_than_a_microsecond_is_cut_off(
    payment_fields: Fields, zone: str
) -> None:
    fine = pa.array([GOOD_NS, GOOD_NS]).cast(pa.timestamp("ns", zone))

    table = mapped(payment_fields, create_time=fine, pay_amt=pa.array(["1", "x"])).table

    expected = dt.datetime.fromtimestamp(GOOD_NS // 10**9, dt.UTC)
    assert table["create_time"].to_pylist() == [expected.replace(microsecond=123_456)]


def test_a_day_that_never_ends_is_for_reference_data_alone_but_no_crash(
    payment_fields: Fields,
) -> None:
    days = pa.array([DAY, dt.date(9999, 12, 31)])
    spare = {
        "valid_to": Field(
            name="valid_to", type=payment_fields["vou_date"].type, label="止"
        )
    }
    profile = profiles.load("standard")
    mapper = Mapper(profile, spare, place="单位", divisions=None)

    table = mapper.map(Chunk(columns={"valid_to": days}, lines=pa.array([1, 2]))).table

    assert table["valid_to"].to_pylist() == days.to_pylist()


@pytest.mark.parametrize(
    "column",
    [
        pa.array([["甲"], ["乙"]]),
        pa.array([{"a": 1}, {"a": 2}]),
        pa.array([b"\xff", b"\xfe"]),
    ],
)
def test_a_column_nothing_can_be_read_from_is_named(
    payment_fields: Fields, column: pa.Array
) -> None:
    with pytest.raises(KuweiError, match=r"intake\.unreadable") as caught:
        mapped(payment_fields, use_des=column)

    assert "三月" in caught.value.message
    assert "use_des" in caught.value.message
    assert "重新导出" in caught.value.message


def test_a_column_that_tells_rows_apart_is_named_too(payment_fields: Fields) -> None:
    skipping = "row_kinds:\n- {column: 类, matches: 小计, skip: true}\n"

    with pytest.raises(KuweiError, match="列「类」无法读取"):
        mapped(
            payment_fields,
            f"id: test\ntitle: 试\nidentity: true\n{skipping}",
            类=pa.array([["甲"], ["乙"]]),
        )


def test_a_column_no_field_is_read_from_may_hold_anything(
    payment_fields: Fields,
) -> None:
    outcome = mapped(payment_fields, 附注=pa.array([["甲"], ["乙"]]))

    assert outcome.table.num_rows == 2
