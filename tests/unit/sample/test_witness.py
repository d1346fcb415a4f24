from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from kuwei_shared.sample.places import choose
from kuwei_shared.sample.schema import PAYMENT_SCHEMA
from kuwei_shared.sample.units import Unit, build_units
from kuwei_shared.sample.witness import Witness

MARCH = dt.date(2026, 3, 31)
PLACE = choose(1)[0]
UNIT: Unit = build_units(np.random.default_rng(1), PLACE, (), 500)[0]
LAWFUL = {
    "payment_id": "P-1",
    "stage": "voucher",
    "entry_kind": "normal",
    "mof_div_code": PLACE.code,
    "agency_code": UNIT.code,
    "vou_date": dt.date(2026, 3, 10),
    "set_mode_code": "1",
    "dep_bgt_eco_code": "31005",
    "exp_func_code": "2050101",
    "contract_no": "HT-1",
    "payee_acct_name": "南宁恒通建设工程有限公司",
}


def seen(*rows: dict[str, object]) -> set[tuple[str, str]]:
    """Return (rule, key) of what is seen in a month of payments."""
    witness = Witness([UNIT])
    table = pa.Table.from_pylist([{**LAWFUL, **one} for one in rows], PAYMENT_SCHEMA)
    witness.see(table)
    witness.end_month(MARCH)
    return {(label.rule_id, label.key) for label in witness.labels}


def amount(yuan: str, **fields: object) -> dict[str, object]:
    return {"pay_amt": Decimal(yuan), **fields}


@pytest.mark.parametrize(
    ("rule_id", "below", "at"),
    [
        ("GX-U10", amount("19999999.99"), amount("20000000.01")),
        (
            "CT-1",
            amount("29999.99", dep_bgt_eco_code="30231"),
            amount("30000.00", dep_bgt_eco_code="30231"),
        ),
        (
            "CT-2",
            amount("49999.99", dep_bgt_eco_code="30226", payee_acct_name="陈伟"),
            amount("50000.00", dep_bgt_eco_code="30226", payee_acct_name="陈伟"),
        ),
        (
            "M002",
            amount("1000001.00", vou_date=dt.date(2026, 12, 19)),
            amount("1000001.00", vou_date=dt.date(2026, 12, 20)),
        ),
        ("GX-U15C", amount("3000000.00"), amount("3000000.00", contract_no=None)),
        (
            "MF-16-2",
            amount("1000.00", set_mode_code="4", exp_func_code="2060404"),
            amount("1000.01", set_mode_code="4", exp_func_code="2060404"),
        ),
    ],
)
def test_a_clause_is_met_from_its_figure_on(
    rule_id: str, below: dict[str, object], at: dict[str, object]
) -> None:
    assert (rule_id, "P-1") not in seen(below)
    assert (rule_id, "P-1") in seen(at)


def test_cash_is_added_up_by_day() -> None:
    half = Decimal(UNIT.cash_limit) / 200
    other = dt.date(2026, 3, 11)
    cash: dict[str, object] = {"pay_amt": half + 1, "set_mode_code": "4"}

    assert ("UL-1", UNIT.code) not in seen(cash, {**cash, "vou_date": other})
    assert ("UL-1", UNIT.code) in seen(cash, cash)


def test_a_month_is_seen_to_end_busy() -> None:
    late = amount("700001.00", vou_date=dt.date(2026, 3, 30))

    assert ("CT-8", UNIT.code) in seen(amount("300000.00"), late)
    assert ("CT-8", UNIT.code) not in seen(amount("300001.00"), late)


def test_a_receipt_of_a_payment_is_not_added_up_again() -> None:
    late = amount("700001.00", vou_date=MARCH)
    receipt = {**late, "stage": "receipt"}

    assert ("CT-8", UNIT.code) not in seen(amount("500000.00"), late, receipt)


def test_many_draws_of_cash_in_a_month_are_seen() -> None:
    cash = amount("10.00", set_mode_code="4")

    assert ("CT-4", UNIT.code) in seen(*[cash] * 9)
    assert ("CT-4", UNIT.code) not in seen(*[cash] * 8)
