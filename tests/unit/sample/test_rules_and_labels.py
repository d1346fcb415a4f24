from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import duckdb
import pytest
from unit.sample.judge import Hits, Node

from kuwei_shared.rules.model import Catalogue, Status
from kuwei_shared.sample.injectors.catalogue import INJECTORS, UNPLANTED
from kuwei_shared.sample.province import generate
from kuwei_shared.sample.spec import ProvinceSpec

Compared = dict[str, set[tuple[str, ...]]]
# Scheduled rules that go on hitting a subject until it is put right: the label
# names the first day, so only the subject is compared.
LASTING = {"DF-01", "DF-04", "UL-2"}


def _compared(hits: Hits) -> Compared:
    return {
        rule: {hit[:2] if rule in LASTING else hit for hit in found}
        for rule, found in hits.items()
    }


def _labels(out: Path) -> Compared:
    labels: Hits = defaultdict(set)
    found = duckdb.read_parquet(str(out / "*" / "labels.parquet"))
    moment = "CASE subject WHEN 'payment' THEN stage ELSE CAST(date AS text) END"
    rows = found.project(f"rule_id, subject, key, {moment}").fetchall()
    for rule, *label in rows:
        labels[rule].add(tuple(label))
    return _compared(labels)


def _hits(out: Path, catalogue: Catalogue) -> Compared:
    together: Hits = defaultdict(set)
    for folder in sorted(out.glob("*/")):
        for rule, found in Node(folder, catalogue).judge().items():
            together[rule] |= found
    return _compared(together)


@pytest.fixture(scope="module")
def judged(province: Path, standard: Catalogue) -> Compared:
    return _hits(province, standard)


@pytest.fixture(scope="module")
def labelled(province: Path) -> Compared:
    return _labels(province)


def test_every_stable_rule_has_an_injector(standard: Catalogue) -> None:
    stable = {r.id for r in standard.rules.values() if r.status is Status.STABLE}

    assert stable - set(INJECTORS) == UNPLANTED


def test_every_injector_is_for_a_rule_of_the_catalogue(standard: Catalogue) -> None:
    assert set(INJECTORS) - set(standard.rules) == set()


def test_every_rule_is_broken_at_least_once(
    labelled: Compared,
) -> None:
    assert set(INJECTORS) - set(labelled) == set()


@pytest.mark.parametrize("rule_id", sorted(INJECTORS))
def test_every_label_is_a_hit(
    rule_id: str,
    labelled: Compared,
    judged: Compared,
) -> None:
    missed = labelled[rule_id] - judged.get(rule_id, set())

    assert missed == set()


@pytest.mark.parametrize("rule_id", sorted(INJECTORS))
def test_every_hit_is_a_label(
    rule_id: str,
    labelled: Compared,
    judged: Compared,
) -> None:
    false = judged.get(rule_id, set()) - labelled[rule_id]

    assert false == set()


def test_a_province_without_violations_breaks_no_rule(
    tmp_path: Path, standard: Catalogue
) -> None:
    generate(ProvinceSpec(payments=6_000, seed=9, nodes=2, violation_rate=0), tmp_path)

    assert {rule for rule, found in _hits(tmp_path, standard).items() if found} == set()
