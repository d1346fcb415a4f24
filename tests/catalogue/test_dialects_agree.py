"""Whatever a rule's texts hold, both engines read them alike."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from kuwei_shared.catalogue.engines import Engine
from kuwei_shared.catalogue.trial import try_examples
from kuwei_shared.rules.model import (
    Catalogue,
    Example,
    Expected,
    ListKind,
    NamedList,
    Scope,
    Value,
)

Both = Callable[[Catalogue], list[str]]

pytestmark = pytest.mark.integration

AWKWARD = [
    "it's",
    "''",
    "a\\b",
    "a\\'b",
    "100%",
    "%s %(x)s %%",
    ":name ::text",
    "a_b%c",
    "$1 $$x$$",
    "-- x",
    "/* x */",
    ";",
    '"quoted"',
    "{brace}",
    "tab\tline\nend",
    "“”‘’",
    "𠮷野家",
    "é",
    "\u200b",
    "[a-z]*",
    "(a|b)+",
    "^.$",
    "E'x'",
]


# The language refuses marks of comments and statements even inside a text.
SAYABLE = [text for text in AWKWARD if not re.search(";|--|/[*]", text)]


def asked(catalogue: Catalogue, when: str, **given: Value) -> Catalogue:
    """Return the catalogue with one rule of one example, whatever its outcome."""
    some = next(one for one in catalogue.rules.values() if one.schedule is None)
    example = Example(case="甲", expected=Expected.HIT, given=given)
    rule = replace(
        some,
        id="T",
        when=when,
        params={},
        requires=(),
        scope=Scope(),
        explain="甲。",
        examples=(example,),
    )
    return replace(catalogue, rules={rule.id: rule})


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def words(catalogue: Catalogue, *entries: str, friends: str = "") -> Catalogue:
    listed = NamedList(
        id="odd",
        title="怪词",
        source="测试",
        kind=ListKind.WORDS,
        entries=entries,
        friends=(friends,) if friends else (),
    )
    return replace(catalogue, lists={**catalogue.lists, "odd": listed})


@pytest.fixture
def both(duckdb: Engine, postgresql: Engine) -> Both:
    """Judge one question on both engines."""

    def letters(catalogue: Catalogue) -> list[str]:
        found = [try_examples(catalogue, one) for one in (duckdb, postgresql)]
        faults = [one.fault for outcomes in found for one in outcomes if one.fault]
        assert not faults
        return [outcomes[0].letter for outcomes in found]

    return letters


@pytest.mark.parametrize("text", SAYABLE)
def test_an_awkward_text_is_compared_as_it_is(
    catalogue: Catalogue, both: Both, text: str
) -> None:
    equal = asked(catalogue, f"use_des = {quoted(text)}", use_des=text)
    other = asked(catalogue, f"use_des = {quoted(text)}", use_des=f"{text}x")

    assert both(equal) == ["1", "1"]
    assert both(other) == ["0", "0"]


@pytest.mark.parametrize("text", SAYABLE)
def test_an_awkward_text_is_contained_and_begins_as_it_is(
    catalogue: Catalogue, both: Both, text: str
) -> None:
    inside = f"contains(use_des, {quoted(text)})"
    start = f"starts_with(use_des, {quoted(text)})"

    assert both(asked(catalogue, inside, use_des=f"甲{text}乙")) == ["1", "1"]
    assert both(asked(catalogue, start, use_des=f"甲{text}乙")) == ["0", "0"]
    assert both(asked(catalogue, start, use_des=f"{text}乙")) == ["1", "1"]


@pytest.mark.parametrize("text", AWKWARD)
def test_an_awkward_word_is_looked_for_as_it_is(
    catalogue: Catalogue, both: Both, text: str
) -> None:
    listed = words(catalogue, text)
    when = "mentions(use_des, list.odd)"

    assert both(asked(listed, when, use_des=f"甲{text}乙")) == ["1", "1"]
    assert both(asked(listed, when, use_des="普通用途")) == ["0", "0"]


@pytest.mark.parametrize("text", AWKWARD)
def test_an_awkward_friend_hides_the_word_it_holds(
    catalogue: Catalogue, both: Both, text: str
) -> None:
    listed = words(catalogue, "酒", friends=f"{text}酒精")
    when = "mentions(use_des, list.odd)"

    assert both(asked(listed, when, use_des=f"购{text}酒精")) == ["0", "0"]
    assert both(asked(listed, when, use_des=f"购{text}酒精和酒")) == ["1", "1"]


@pytest.mark.parametrize(
    ("when", "given", "letter"),
    [
        ("length(use_des) = 3", {"use_des": "𠮷野家"}, "1"),
        ("length(use_des) = 2", {"use_des": "甲 "}, "1"),
        ("length(use_des) = 0", {"use_des": ""}, "1"),
        ("use_des is null", {"use_des": ""}, "0"),
        ("use_des = 'ABC'", {"use_des": "abc"}, "0"),
        ("use_des < 'b'", {"use_des": "B"}, "1"),
        ("remainder(pay_amt, 100) = 0", {"pay_amt": Decimal("-300.00")}, "1"),
        ("remainder(pay_amt, 100) = -50", {"pay_amt": Decimal("-350.00")}, "1"),
        ("remainder(pay_amt, 0.03) = 0", {"pay_amt": Decimal("0.09")}, "1"),
        ("pay_amt * 0.1 = 0.03", {"pay_amt": Decimal("0.30")}, "1"),
        ("abs(pay_amt) = 5", {"pay_amt": Decimal("-5.00")}, "1"),
        ("-pay_amt = 5", {"pay_amt": Decimal("-5.00")}, "1"),
        ("- - pay_amt = -5", {"pay_amt": Decimal("-5.00")}, "1"),
        ("coalesce(person_cnt, 7) = 7", {"person_cnt": None}, "1"),
        ("person_cnt > 1 or true", {"person_cnt": None}, "1"),
        ("person_cnt > 1 and true", {"person_cnt": None}, "?"),
        ("not person_cnt > 1", {"person_cnt": None}, "?"),
        ("person_cnt in (1, 2)", {"person_cnt": None}, "?"),
        ("person_cnt between 1 and 2 and false", {"person_cnt": None}, "0"),
        ("month_end = 0", {"vou_date": dt.date(2028, 2, 29)}, "1"),
        ("vou_weekday = 7", {"vou_date": dt.date(2026, 3, 15)}, "1"),
        ("plan_month = 202612", {"vou_date": dt.date(2026, 12, 31)}, "1"),
        (
            "days_between(vou_date, contract.sign_date) = -28",
            {
                "vou_date": dt.date(2026, 2, 1),
                "contract.sign_date": dt.date(2026, 3, 1),
            },
            "1",
        ),
    ],
)
def test_corners_of_the_language_mean_the_same(
    catalogue: Catalogue,
    both: Both,
    when: str,
    given: dict[str, Value],
    letter: str,
) -> None:
    assert both(asked(catalogue, when, **given)) == [letter, letter]


ARITHMETIC = [
    "pay_amt * 100 > 0",
    "pay_amt + pay_amt + pay_amt > 0",
    "pay_amt * project.progress_pct > 0",
    "person_cnt * 1000 > 0",
    "person_cnt + person_cnt > 0",
    "pay_amt * day_cnt > 0",
]


@pytest.mark.parametrize("when", ARITHMETIC)
def test_large_values_are_computed_alike(
    catalogue: Catalogue, both: Both, when: str
) -> None:
    question = asked(
        catalogue,
        when,
        pay_amt=Decimal("9999999999999.99"),
        person_cnt=1_000_000,
        day_cnt=Decimal(366),
    )

    assert both(question) == ["1", "1"]


@pytest.mark.parametrize(
    "when",
    [
        *ARITHMETIC,
        "pay_amt * pay_amt * pay_amt > 0",
        "pay_amt * 999999999999999999 > 0",
        "person_cnt * 2147483647 > 0",
        "person_cnt * person_cnt * person_cnt > 0",
    ],
)
def test_absurd_values_leave_the_statement_standing(
    catalogue: Catalogue, both: Both, when: str
) -> None:
    question = asked(
        catalogue,
        when,
        pay_amt=Decimal("9999999999999999.99"),
        person_cnt=2_147_483_647,
        day_cnt=Decimal(366),
    )

    in_duckdb, in_postgresql = both(question)

    assert in_duckdb in {"1", "?"}
    assert in_postgresql == "1"
