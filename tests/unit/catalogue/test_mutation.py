"""Every place of a condition that can go wrong is made to go wrong."""

from __future__ import annotations

from decimal import Decimal

import pytest

from kuwei_shared.catalogue.engines import DuckEngine
from kuwei_shared.catalogue.loading import catalogue_of
from kuwei_shared.catalogue.mutation import mutants
from kuwei_shared.catalogue.survival import survivors
from kuwei_shared.rules.compiler import names_of
from kuwei_shared.rules.model import Catalogue
from kuwei_shared.rules.parser import parse

Files = dict[str, bytes]
RULE = "rules/gx/GX-U10.yaml"


@pytest.fixture
def catalogue(files: Files) -> Catalogue:
    return catalogue_of(files)


def changes(catalogue: Catalogue, condition: str) -> list[str]:
    names = names_of(catalogue.rules["GX-U10"], catalogue)
    return [one.change for one in mutants(parse(condition, names), {})]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("pay_amt >= 5", [">= 改为 >", ">= 改为 <", "5 改为 6", "5 改为 4"]),
        ("pay_amt = 0.50", ["= 改为 <>", "0.50 改为 0.51", "0.50 改为 0.49"]),
        ("stage = 'a'", ["= 改为 <>", "a 改为 a※"]),
        ("not agency.is_key", ["取反"]),
        ("use_des is null", ["取反"]),
        ("stage in ('a', 'b')", ["IN 去掉 a", "IN 去掉 b"]),
        ("agency.is_key or true", ["or 改为 and", "True 改为 False"]),
        ("coalesce(agency.is_key, false)", ["去掉 coalesce"]),
        ("one_of(stage, list.modes)", []),
    ],
)
def test_a_condition_yields_these_mutants(
    catalogue: Catalogue, condition: str, expected: list[str]
) -> None:
    assert changes(catalogue, condition) == expected


def test_both_ends_of_between_are_opened_and_moved(catalogue: Catalogue) -> None:
    made = changes(catalogue, "pay_amt between 1 and 2")

    assert made[:2] == ["BETWEEN 不含下端", "BETWEEN 不含上端"]
    assert len(made) == 6


def test_parameters_are_moved_by_their_smallest_step(catalogue: Catalogue) -> None:
    rule = catalogue.rules["GX-U10"]
    condition = parse("agency.is_key", names_of(rule, catalogue))

    moved = [one.params for one in mutants(condition, rule.params)]

    assert moved == [{"limit": Decimal("2000.01")}, {"limit": Decimal("1999.99")}]


def test_sharp_examples_let_no_mutant_live(catalogue: Catalogue) -> None:
    [toll] = survivors(catalogue, DuckEngine())

    assert toll.made == 5
    assert toll.survivors == ()


def test_a_blunt_example_lets_a_mutant_live(files: Files) -> None:
    blunt = files[RULE].decode().replace("pay_amt: 1999.99", "pay_amt: 1000.00")

    [toll] = survivors(catalogue_of(files | {RULE: blunt.encode()}), DuckEngine())

    assert [one.params for one in toll.survivors] == [{"limit": Decimal("1999.99")}]
