from __future__ import annotations

from pathlib import Path

import pytest

from kuwei_shared.catalogue.loading import load
from kuwei_shared.rules.model import Catalogue
from kuwei_shared.sample.province import generate
from kuwei_shared.sample.spec import ProvinceSpec

ROOT = Path(__file__).resolve().parents[3]
# Province, two cities and the county that hosts townships; every rule is broken
# five times, once in disguise.
SPEC = ProvinceSpec(payments=6_000, seed=5, nodes=4, violation_rate=0.06)


@pytest.fixture(scope="session")
def province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small province with every rule broken."""
    out = tmp_path_factory.mktemp("province")
    generate(SPEC, out)
    return out


@pytest.fixture(scope="session")
def standard() -> Catalogue:
    """The catalogue of this checkout."""
    return load(ROOT / "rules-catalog")
