"""Amounts no JSON number holds to the fen are refused, not stored rounded."""

from __future__ import annotations

import pytest
from fastapi.exceptions import RequestValidationError

from kuwei_node.screening.api.forms import read

BODY = (
    '{"payments": [{"payment_id": "P1", "stage": "voucher", "fiscal_year": 2026,'
    ' "mof_div_code": "450102000", "vou_date": "2026-03-05", "agency_code": "A001",'
    ' "pay_amt": %s}]}'
)


@pytest.mark.parametrize(
    "number", ["99999999999999.99", "12345678901234.56", "9007199254740992.99"]
)
def test_a_number_beyond_15_digits_is_asked_for_as_text(number: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        read((BODY % number).encode())

    assert "须写成文本" in str(caught.value.errors())
    assert caught.value.errors()[0]["loc"] == ("body", "payments", 0, "pay_amt")


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ('"99999999999999.99"', "99999999999999.99"),
        ("9999999999999.99", "9999999999999.99"),
        ("9007199254740993", "9007199254740993"),
        ("12345678901234.0", "12345678901234.0"),
    ],
)
def test_what_is_held_exactly_is_taken(written: str, stored: str) -> None:
    [payment] = read((BODY % written).encode())

    assert payment["pay_amt"] == stored
