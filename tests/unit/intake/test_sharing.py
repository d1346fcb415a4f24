"""Rows are divided by budget unit, unless something else ties them together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import pyarrow as pa
import pytest

from kuwei_node.intake.domain import sharing
from kuwei_node.intake.domain.sharing import has_repeated, shares

APART = ("bgt_id", "pro_code", "payment_id")
ENOUGH = sharing.ROWS_MIN


def rows(units: Sequence[str | None], **columns: Sequence[str | None]) -> pa.Table:
    """Return rows of these units; every other key stands once, or as given."""
    keys = {name: [f"{name}{n}" for n in range(len(units))] for name in APART}
    return pa.table({"agency_code": pa.array(units, pa.string()), **keys, **columns})


def counts(*tables: pa.Table) -> list[int]:
    found = shares(dict(enumerate(tables)), APART)
    return [sum(table.num_rows for table in share.values()) for share in found]


def test_units_are_divided_in_two_shares_of_about_the_same_size() -> None:
    units = [f"A{n % 10}" for n in range(ENOUGH)]

    assert counts(rows(units)) == [ENOUGH // 2, ENOUGH // 2]


def test_no_row_is_lost_or_doubled_and_each_stays_in_its_batch() -> None:
    first = rows(["A", "B", "C"] * ENOUGH)
    others = [f"q{n}" for n in range(15)]
    second = rows(["B", "D", None] * 5, **dict.fromkeys(APART, others))

    found = shares({7: first, 9: second}, APART)

    assert len(found) == 2
    for batch, whole in ((7, first), (9, second)):
        parts = [share[batch]["payment_id"].to_pylist() for share in found]
        assert sorted(chain(*parts)) == sorted(whole["payment_id"].to_pylist())


@pytest.mark.parametrize("key", APART)
def test_two_units_with_a_key_in_common_stay_together(key: str) -> None:
    units = ["A", "B"] * (ENOUGH // 2)
    alike = [f"{n}" for n in range(ENOUGH)]
    alike[0] = alike[1] = "in common"

    assert counts(rows(units, **{key: alike})) == [ENOUGH]


def test_keys_that_are_missing_tie_nothing_together() -> None:
    units = ["A", "B"] * (ENOUGH // 2)

    assert len(counts(rows(units, pro_code=[None] * ENOUGH))) == 2


def test_one_unit_cannot_be_divided() -> None:
    assert counts(rows(["A"] * ENOUGH)) == [ENOUGH]


def test_few_rows_are_not_worth_dividing() -> None:
    assert counts(rows(["A", "B"] * (ENOUGH // 2 - 1))) == [ENOUGH - 2]


def test_nothing_is_one_empty_share() -> None:
    assert shares({1: rows([])}, APART) == ({},)


@pytest.mark.parametrize(
    ("stages", "is_so"),
    [(["voucher", "voucher"], True), (["request", "voucher"], False)],
)
def test_a_payment_that_stands_twice_is_seen_across_batches(
    stages: list[str], is_so: bool
) -> None:
    one, other = (
        pa.table({"payment_id": ["P1"], "stage": [stage], "fiscal_year": [2026]})
        for stage in stages
    )

    assert has_repeated({1: one, 2: other}) is is_so
