"""A rule is tried on its own examples, and a wrong one is found out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kuwei_shared.catalogue.engines import DuckEngine
from kuwei_shared.catalogue.loading import catalogue_of
from kuwei_shared.catalogue.trial import row_of, try_examples
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.model import Catalogue, Example, Expected, Status

Files = dict[str, bytes]


@pytest.fixture
def catalogue(files: Files) -> Catalogue:
    return catalogue_of(files)


def letters(catalogue: Catalogue) -> str:
    return "".join(one.letter for one in try_examples(catalogue, DuckEngine()))


def with_rule(catalogue: Catalogue, **changes: object) -> Catalogue:
    rule = replace(catalogue.rules["GX-U10"], **changes)  # type: ignore[arg-type]  # a test's shorthand
    return replace(catalogue, rules={rule.id: rule})


def test_examples_come_out_as_they_say(catalogue: Catalogue) -> None:
    outcomes = try_examples(catalogue, DuckEngine())

    assert all(one.passed for one in outcomes)
    assert letters(catalogue) == "10??"


def test_a_draft_is_tried_too(catalogue: Catalogue) -> None:
    assert letters(with_rule(catalogue, status=Status.DRAFT)) == "10??"


def test_a_wrong_condition_fails_its_examples(catalogue: Catalogue) -> None:
    wrong = with_rule(catalogue, when="pay_amt < param.limit")

    outcomes = try_examples(wrong, DuckEngine())

    assert [one.passed for one in outcomes] == [False, False, False, False]


def test_a_condition_the_engine_cannot_run_fails_alone(catalogue: Catalogue) -> None:
    rule = catalogue.rules["GX-U10"]
    broken = replace(catalogue, patterns={"two": "("})
    sound = replace(rule, id="GX-U11", when="pay_amt >= param.limit")
    both = replace(broken, rules={rule.id: rule, sound.id: sound})

    outcomes = try_examples(both, DuckEngine())

    assert {one.letter for one in outcomes if one.rule.id == "GX-U10"} == {"!"}
    assert [one.letter for one in outcomes if one.rule.id == "GX-U11"][:2] == ["1", "0"]


def test_a_missing_reference_row_takes_all_its_fields_away(files: Files) -> None:
    text = files["rules/gx/GX-U10.yaml"].decode()
    text = text.replace("given: {use_des: null}", "given: {contract: null}")

    changed = catalogue_of(files | {"rules/gx/GX-U10.yaml": text.encode()})

    given = changed.rules["GX-U10"].examples[-1].given
    assert given["contract.contract_amt"] is None
    assert len(given) == len(changed.vocabulary.entities["contract"].fields)


def test_a_rule_is_asked_at_its_own_stage(catalogue: Catalogue) -> None:
    rule = replace(catalogue.rules["GX-U10"], stages=("receipt",))
    example = Example(case="回单", expected=Expected.HIT, given={})

    assert row_of(catalogue, rule, example)["stage"] == "receipt"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/x.csv'",
        "ATTACH '/tmp/x.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
    ],
)
def test_the_trial_database_cannot_reach_outside(sql: str) -> None:
    with pytest.raises(KuweiError, match=r"catalogue\.sql"):
        DuckEngine().rows(sql)


def test_a_condition_that_cannot_be_compiled_names_its_rule(
    catalogue: Catalogue,
) -> None:
    mistyped = with_rule(catalogue, when="pay_sum > 1")

    with pytest.raises(KuweiError) as refused:
        try_examples(mistyped, DuckEngine())

    assert refused.value.code == "expression.unknown_name"
    assert refused.value.message.startswith(
        "规则 GX-U10 的条件:词汇表中没有“pay_sum”。"
    )
    assert refused.value.details == {"column": 0, "rule": "GX-U10"}
