from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuwei_node.intake.domain.amounts import integers, money, ratio

CENTS = st.decimals(
    min_value=Decimal("-9999999999999999.99"),
    max_value=Decimal("9999999999999999.99"),
    places=2,
    allow_nan=False,
)


def read(text: str | None, decimal: str = ".", unit: int = 1) -> tuple[object, bool]:
    value, bad = money(pa.array([text], pa.string()), decimal=decimal, unit=unit)
    return value[0].as_py(), bad[0].as_py()


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1234.5", "1234.50"),
        ("1,234.56", "1234.56"),
        ("£1,234.50", "1234.50"),
        ("(£12.00)", "-12.00"),
        ("£(12.00)", "-12.00"),
        ("-£12.00", "-12.00"),
        ("£-12.00", "-12.00"),
        ("12.50-", "-12.50"),
        ("12.50 CR", "-12.50"),
        ("−12.50", "-12.50"),
        ("１２３４．５", "1234.50"),
        ("¥1,234.00", "1234.00"),
        ("人民币5元", "5.00"),
        ("1,23,456.00", "123456.00"),
        (".5", "0.50"),
        ("+8", "8.00"),
        ("1.2300", "1.23"),
        (" 7 ", "7.00"),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, amount: str) -> None:
    assert read(text) == (Decimal(amount), False)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$3.102.000,00", "3102000.00"),
        ("$106,89", "106.89"),
        ("-1.000,5", "-1000.50"),
        ("1.000", "1000.00"),
        ("(5,00)", "-5.00"),
    ],
)
def test_decimal_commas_are_read_where_the_profile_says_so(
    text: str, amount: str
) -> None:
    assert read(text, decimal=",") == (Decimal(amount), False)


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "",
        "1.234",
        "12,34",
        "1 000",
        "--5",
        "-",
        "1e5",
        "NaN",
        "∞",
        "壹元",
        "1.2.3",
        ".",
        "-.",
        "¥.",
    ],
)
def test_what_is_no_amount_is_marked_not_guessed(text: str) -> None:
    assert read(text) == (None, True)


@pytest.mark.parametrize("text", ["1.23", "1,234.5", "1.23,4", "12.345,678", ",", "-,"])
def test_points_are_never_decimals_where_commas_are(text: str) -> None:
    assert read(text, decimal=",") == (None, True)


def test_an_absent_amount_is_absent_and_no_fault() -> None:
    assert read(None) == (None, False)


@pytest.mark.parametrize(
    ("text", "amount"), [("1.5", "15000.00"), ("0.000001", "0.01"), ("-2", "-20000.00")]
)
def test_ten_thousands_are_multiplied_exactly(text: str, amount: str) -> None:
    assert read(text, unit=10_000) == (Decimal(amount), False)


def test_a_fraction_of_a_cent_is_refused() -> None:
    assert read("0.00000001", unit=10_000) == (None, True)


@given(CENTS)
def test_every_amount_survives_western_writing(amount: Decimal) -> None:
    assert read(f"£{amount:,.2f}") == (amount, False)


@given(CENTS)
def test_every_amount_survives_writing_with_decimal_commas(amount: Decimal) -> None:
    written = f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))

    assert read(f"${written}", decimal=",") == (amount, False)


@given(CENTS)
def test_every_amount_survives_brackets_for_negatives(amount: Decimal) -> None:
    written = f"({-amount:,.2f})" if amount < 0 else f"{amount:,.2f}"

    assert read(written) == (amount, False)


@given(st.text(max_size=30))
def test_no_text_at_all_is_an_error_or_a_silent_loss(text: str) -> None:
    value, bad = read(text)

    assert bad == (value is None)


@given(st.lists(CENTS, min_size=1, max_size=50))
def test_a_plain_column_and_a_decorated_one_read_alike(amounts: list[Decimal]) -> None:
    plain, _ = money(pa.array([str(a) for a in amounts]))
    decorated, _ = money(pa.array([f"¥{a:,.2f}" for a in amounts]))

    assert plain.equals(decorated)


def test_whole_numbers_may_carry_a_zero_fraction() -> None:
    value, bad = integers(pa.array(["12.0", "7", "2.5", None]))

    assert value.to_pylist() == [12, 7, None, None]
    assert bad.to_pylist() == [False, False, True, False]


def test_ratios_keep_three_decimals() -> None:
    value, _ = ratio(pa.array(["12.345"]))

    assert value[0].as_py() == Decimal("12.345")


@pytest.mark.parametrize("reader", [integers, ratio])
def test_plain_numbers_read_alike_beside_decorated_ones(
    reader: Callable[[pa.Array], tuple[pa.Array, pa.Array]],
) -> None:
    plain = ["7", "-12", None, "123456", "0"]

    alone, none_bad = reader(pa.array(plain, pa.string()))
    beside, _ = reader(pa.array([*plain, "１２.0 "], pa.string()))

    assert alone.to_pylist() == beside.to_pylist()[:-1]
    assert none_bad.to_pylist() == [False] * len(plain)
