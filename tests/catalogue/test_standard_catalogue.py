"""The standard catalogue keeps every promise it makes about itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from kuwei_shared.catalogue import bundle, lock, report
from kuwei_shared.catalogue.checks.registry import read_schemas, run_checks
from kuwei_shared.catalogue.engines import Engine
from kuwei_shared.catalogue.issues import Issue
from kuwei_shared.catalogue.loading import Reading
from kuwei_shared.catalogue.sheet import sheet
from kuwei_shared.catalogue.survival import survivors
from kuwei_shared.catalogue.trial import try_examples
from kuwei_shared.rules.model import Catalogue
from kuwei_shared.rules.printer import Dialect

ROOT = Path(__file__).parents[2] / "rules-catalog"


def told(issues: list[Issue]) -> str:
    return "\n".join(map(str, issues))


def test_every_file_passes_every_check(reading: Reading) -> None:
    issues = run_checks(reading, read_schemas(ROOT))

    assert not issues, told(list(issues))


def test_every_example_comes_out_in_duckdb(reading: Reading, duckdb: Engine) -> None:
    outcomes = try_examples(reading.catalogue, duckdb)

    failures = list(report.failed_examples(reading, outcomes))
    assert outcomes
    assert not failures, told(failures)


@pytest.mark.integration
def test_every_example_comes_out_in_postgresql(
    reading: Reading, postgresql: Engine
) -> None:
    outcomes = try_examples(reading.catalogue, postgresql)

    failures = list(report.failed_examples(reading, outcomes))
    assert outcomes
    assert not failures, told(failures)


def test_every_wrong_done_to_a_condition_is_noticed(
    reading: Reading, duckdb: Engine
) -> None:
    tolls = list(survivors(reading.catalogue, duckdb))

    alive = [issue for toll in tolls for issue in report.surviving(reading, toll)]
    assert sum(toll.made for toll in tolls) > len(tolls)
    assert not alive, told(alive)


def test_versions_and_contents_agree_with_the_lock(reading: Reading) -> None:
    locked = lock.read_lock(reading.files.get("catalog.lock", b""))

    assert not isinstance(locked, Issue)
    assert list(lock.differences(lock.lock_of(reading.catalogue), locked)) == []


def test_the_catalogue_survives_being_packed(catalogue: Catalogue) -> None:
    packed = bundle.pack(ROOT)

    assert packed == bundle.pack(ROOT)
    assert bundle.unpack(packed) == catalogue


@pytest.mark.parametrize("dialect", list(Dialect))
def test_every_rule_can_be_read_aloud(catalogue: Catalogue, dialect: Dialect) -> None:
    sheets = [sheet(rule, catalogue, dialect) for rule in catalogue.rules.values()]

    assert all("依据:" in one and "条件:" in one for one in sheets)
