"""Every condition of a source is a rule, or the catalogue says why it is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kuwei_shared.rules.model import Catalogue

README = Path(__file__).parents[2] / "rules-catalog" / "README.md"
SPAN = re.compile(r"([A-Z]+-?(?:9\.\d\.)?)(\d+)(?:–(?:[A-Z]+-?(?:9\.\d\.)?)?(\d+))?")
SOURCES = {
    "GX-9.1.": (1, 15, 1),
    "GX-9.2.": (1, 9, 1),
    "WL-11.": (1, 5, 1),
    "A": (101, 130, 4),
    "DF-": (1, 10, 2),
    "SX-": (1, 15, 1),
    "CT-": (1, 21, 1),
    "MT-": (1, 14, 2),
    "M": (1, 31, 3),
}
"""Family → first and last number, and how many digits they are written with."""
PARTLY = {"GX-9.1.15"}
"""Left to people, but for what can be computed."""


def left_out() -> Iterator[str]:
    table = README.read_text().partition("## 没有写成规则的")[2]
    cells = re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE)
    for prefix, first, last in SPAN.findall("、".join(cells)):
        for number in range(int(first), int(last or first) + 1):
            yield f"{prefix}{number:0{len(first)}d}"


@pytest.mark.parametrize("family", SOURCES)
def test_a_source_is_a_rule_or_the_reason_stands_there(
    catalogue: Catalogue, family: str
) -> None:
    first, last, digits = SOURCES[family]
    asked = {f"{family}{number:0{digits}d}" for number in range(first, last + 1)}
    said = {basis.ref for rule in catalogue.rules.values() for basis in rule.basis}

    assert asked - said - set(left_out()) == set()
    assert said & set(left_out()) <= PARTLY
