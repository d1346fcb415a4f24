"""Rows no payment can be are refused in files as the interface refuses them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from kuwei_node.intake.adapters import profiles
from kuwei_node.intake.domain.mapping import Mapped, Mapper
from kuwei_node.intake.domain.reasons import remedy
from kuwei_node.intake.domain.rows import Chunk
from kuwei_node.payments.store.ledger import REVERSAL
from kuwei_node.screening.api.forms import PaymentIn
from kuwei_shared.rules import bounds
from kuwei_shared.rules.vocabulary import Field

Fields = dict[str, Field]
PAYMENT = {
    "payment_id": "P1",
    "stage": "voucher",
    "entry_kind": "normal",
    "orig_payment_id": "",
    "mof_div_code": "450102000",
    "fiscal_year": "2026",
    "vou_date": "2026-03-05",
    "agency_code": "A001",
    "pay_amt": "5.00",
}


def mapped(fields: Fields, **changed: str) -> Mapped:
    columns = {name: pa.array([cell]) for name, cell in (PAYMENT | changed).items()}
    standard = profiles.load("standard")
    mapper = Mapper(standard, fields, place="三月", divisions=["450102000"])
    return mapper.map(Chunk(columns=columns, lines=pa.array([2], pa.int64())))


@pytest.mark.parametrize(
    ("changed", "reason", "field"),
    [
        ({"pay_amt": "-5.00"}, "field.sign", "pay_amt"),
        ({"entry_kind": "refund"}, "field.sign", "pay_amt"),
        (
            {"entry_kind": "reversal", "orig_payment_id": "P0"},
            "field.sign",
            "pay_amt",
        ),
        (
            {"entry_kind": "reversal", "pay_amt": "-5"},
            "field.original",
            "orig_payment_id",
        ),
        (
            {"entry_kind": "refund", "pay_amt": "-5", "orig_payment_id": "P1"},
            "field.itself",
            "orig_payment_id",
        ),
        ({"fiscal_year": "2090"}, "field.year", "fiscal_year"),
        ({"fiscal_year": "2024"}, "field.year", "fiscal_year"),
        ({"vou_date": "1989-12-31", "fiscal_year": "1990"}, "field.date", "vou_date"),
        ({"vou_date": "9999-12-31"}, "field.date", "vou_date"),
        ({"xpay_date": "1949-10-01"}, "field.date", "xpay_date"),
        ({"payment_id": "撤销:P0"}, "field.reserved", "payment_id"),
        ({"person_cnt": "-1"}, "field.number", "person_cnt"),
        ({"attach_cnt": "1000001"}, "field.number", "attach_cnt"),
        ({"day_cnt": "-0.5"}, "field.number", "day_cnt"),
    ],
)
def test_what_no_payment_can_be_is_refused_with_its_remedy(
    payment_fields: Fields, changed: dict[str, str], reason: str, field: str
) -> None:
    [broken] = mapped(payment_fields, **changed).broken

    assert (broken.line, broken.reason, broken.field) == (2, reason, field)
    assert payment_fields[field].label in remedy(reason, payment_fields[field].label)


@pytest.mark.parametrize(
    "changed",
    [
        {"pay_amt": "0"},
        {"entry_kind": "refund", "pay_amt": "-5"},
        {"entry_kind": "refund", "pay_amt": "0"},
        {"entry_kind": "correction", "pay_amt": "5", "orig_payment_id": "P0"},
        {"entry_kind": "correction", "pay_amt": "-5"},
        {"entry_kind": "reversal", "pay_amt": "-5", "orig_payment_id": "P0"},
        {"fiscal_year": "2025"},
        {"fiscal_year": "2027"},
        {"vou_date": "1990-01-01", "fiscal_year": "1990"},
        {"xpay_date": "2099-12-31", "attach_cnt": "1000000", "day_cnt": "0"},
        {"orig_payment_id": "", "payment_id": "P撤销:"},
    ],
)
def test_what_old_books_hold_is_taken_in(
    payment_fields: Fields, changed: dict[str, str]
) -> None:
    assert mapped(payment_fields, **changed).broken == ()


def test_a_nodes_own_reversals_begin_with_what_is_reserved() -> None:
    assert REVERSAL == bounds.RESERVED


@pytest.mark.parametrize(
    ("field", "most"), [("agency_code", 64), ("payment_id", 64), ("use_des", 400)]
)
def test_codes_and_texts_are_no_longer_than_the_interface_takes(
    payment_fields: Fields, field: str, most: int
) -> None:
    assert mapped(payment_fields, **{field: "长" * most}).broken == ()

    [broken] = mapped(payment_fields, **{field: "长" * (most + 1)}).broken

    assert (broken.reason, broken.field) == ("field.length", field)
    assert "至多 64 字" in remedy("field.length", "用途")


def test_the_interface_takes_texts_as_long_as_files_may_hold(
    payment_fields: Fields,
) -> None:
    shape = PaymentIn.model_json_schema()["properties"]
    texts = {
        name: max(part.get("maxLength", 0) for part in said.get("anyOf", [said]))
        for name, said in shape.items()
    }

    asked = {name: most for name, most in texts.items() if most}

    assert len(asked) > 30  # nearly all fields are texts or codes
    assert asked == {n: bounds.chars_max(payment_fields[n]) for n in asked}


def test_the_interface_bounds_days_and_counts_alike() -> None:
    shape = PaymentIn.model_json_schema()["properties"]

    assert shape["attach_cnt"]["anyOf"][0]["maximum"] == bounds.COUNT_MAX
    metadata = repr(PaymentIn.model_fields["vou_date"].metadata)
    assert repr(bounds.FIRST_DAY) in metadata
    assert repr(bounds.END_DAY) in metadata
