from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from kuwei_shared.evaluation.score import Score, evaluate
from kuwei_shared.rules.model import Catalogue, Status
from kuwei_shared.sample.deceived import DECEIVED
from kuwei_shared.sample.injectors.catalogue import INJECTORS, UNPLANTED
from kuwei_shared.sample.province import generate
from kuwei_shared.sample.spec import ProvinceSpec

Scores = dict[str, Score]


def scored(out: Path, catalogue: Catalogue) -> Scores:
    return {one.rule_id: one for one in evaluate(out, catalogue).scores}


@pytest.fixture(scope="module")
def scores(province: Path, standard: Catalogue) -> Scores:
    return scored(province, standard)


def test_every_stable_rule_has_an_injector(standard: Catalogue) -> None:
    stable = {r.id for r in standard.rules.values() if r.status is Status.STABLE}

    assert stable - set(INJECTORS) == UNPLANTED


def test_every_injector_is_for_a_rule_of_the_catalogue(standard: Catalogue) -> None:
    assert set(INJECTORS) - set(standard.rules) == set()


def test_every_rule_is_broken_at_least_once(scores: Scores) -> None:
    assert [rule for rule in INJECTORS if not scores[rule].labelled] == []


@pytest.mark.parametrize("rule_id", sorted(INJECTORS))
def test_nothing_is_missed_that_is_not_disguised(rule_id: str, scores: Scores) -> None:
    one = scores[rule_id]

    assert one.missed == one.disguised


def test_disguises_are_missed_by_some_rules(scores: Scores) -> None:
    missed = {rule for rule, one in scores.items() if one.disguised}

    assert {"A0112", "CT-2", "GX-U15A", "MT-08"} <= missed


def test_only_known_rules_are_taken_in_by_ordinary_payments(scores: Scores) -> None:
    false = {rule: one.false for rule, one in scores.items() if one.false}

    assert set(false) <= set(DECEIVED)
    assert 0 < sum(false.values()) < 0.03 * 6_000


def test_a_province_without_violations_has_none_but_ordinary_labels(
    tmp_path: Path, standard: Catalogue
) -> None:
    spec = ProvinceSpec(payments=6_000, seed=9, nodes=2, violation_rate=0)
    generate(spec, tmp_path)
    labels = duckdb.read_parquet(str(tmp_path / "*" / "labels.parquet"))

    scores = scored(tmp_path, standard)

    assert {*labels.project("origin").distinct().fetchall()} <= {("ordinary",)}
    assert [one for one in scores.values() if one.missed] == []
    assert {rule for rule, one in scores.items() if one.false} <= set(DECEIVED)
