"""The page on the condition language tells of all there is, and only of that."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from rules_tool import run, spoil

from kuwei_shared.catalogue import manual as page
from kuwei_shared.catalogue.checks.registry import CHECKS
from kuwei_shared.catalogue.loading import load
from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.faults import ExpressionError
from kuwei_shared.rules.functions import FUNCTIONS
from kuwei_shared.rules.model import Catalogue, Param
from kuwei_shared.rules.naming import Names
from kuwei_shared.rules.parser import ARITHMETIC, COMPARISONS, parse
from kuwei_shared.rules.vocabulary import Sort, Type

ROOT = Path(__file__).parents[3] / "rules-catalog"
LIMIT = Param(name="limit", type=Type.MONEY, label="标准", default=None)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(ROOT)


@pytest.fixture(scope="module")
def text(catalogue: Catalogue) -> str:
    schema = json.loads((ROOT / "schema/rule.json").read_bytes())
    return page.manual(catalogue, schema)


@pytest.fixture(scope="module")
def names(catalogue: Catalogue) -> Names:
    return Names(
        vocabulary=catalogue.vocabulary,
        params={"limit": LIMIT},
        lists=catalogue.lists,
        patterns=catalogue.patterns,
    )


def test_every_function_is_on_the_page_with_an_example(text: str) -> None:
    assert set(page.EXAMPLES) == set(FUNCTIONS)
    assert all(f"| `{name}(" in text for name in FUNCTIONS)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_an_example_of_a_function_is_a_condition_with_it(
    names: Names, name: str
) -> None:
    example = page.EXAMPLES[name][1]

    parse(example, names)

    assert f"{name}(" in example


@pytest.mark.parametrize("example", [one[2] for one in page.OPERATORS])
def test_an_example_of_an_operator_is_a_condition(names: Names, example: str) -> None:
    assert tree.sort_of(parse(example, names)) is Sort.BOOLEAN


def test_every_operator_is_on_the_page() -> None:
    shown = " ".join(form for form, *_ in page.OPERATORS)
    words = ["and", "or", "not", "in", "between", "is null", "is not null"]

    for operator in (*COMPARISONS.values(), *ARITHMETIC.values(), *words):
        assert operator in shown


def test_every_name_a_condition_may_use_is_on_the_page(
    text: str, catalogue: Catalogue
) -> None:
    words = catalogue.vocabulary
    names = [name for name, _ in words.bare()]
    names += [f"fact.{name}" for name in words.facts]
    for entity in words.entities.values():
        names += [f"{entity.name}.{column}" for column in entity.fields]

    assert [name for name in names if f"| `{name}` |" not in text] == []


def test_every_type_and_every_check_is_on_the_page(text: str) -> None:
    shown = [*Type, *(one.id for one in CHECKS)]

    assert [one for one in shown if f"| `{one}` |" not in text] == []


def test_every_key_of_a_rule_is_explained(text: str) -> None:
    keys = re.search(r"## 规则文件\n.*?(?=\n## )", text, re.DOTALL)

    assert keys is not None
    rows = [
        line.split(" | ") for line in keys[0].splitlines() if line.startswith("| `")
    ]
    assert {"`when`", "`params.<名称>.tighten`", "`basis[].from`"} <= {
        row[0].removeprefix("| ") for row in rows
    }
    assert [row[0] for row in rows if len(row[3]) < len("短名。 |")] == []


def test_the_file_the_page_shows_is_the_one_the_tool_begins(
    text: str, folder: Path
) -> None:
    run(folder, "new", "GX-U16")

    begun = (folder / "rules/gx/GX-U16.yaml").read_text()

    assert f"```yaml\n{begun}```\n" in text


@pytest.mark.parametrize("slip", page.SLIPS)
def test_a_slip_on_the_page_is_one(names: Names, slip: str, text: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(slip, names)

    assert refused.value.said in text


def test_the_page_has_no_bare_cell_breaker(text: str) -> None:
    tables = [line for line in text.splitlines() if line.startswith("|")]
    widths = [len(re.split(r"(?<!\\)\|", line)) for line in tables]

    assert set(widths) <= {4, 5, 6}


def test_a_bar_in_a_label_breaks_no_table(folder: Path) -> None:
    spoil(folder, "label: 支付金额,", 'label: "支付|金额",', "vocabulary.yaml")

    result = run(folder, "manual")

    assert "| `pay_amt` | 支付\\|金额 |" in result.output


def test_the_tool_prints_the_page_of_the_folder_it_is_given(folder: Path) -> None:
    result = run(folder, "manual")

    assert result.exit_code == 0
    assert "| `pay_amt` | 支付金额 |" in result.output
