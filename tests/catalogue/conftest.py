"""The standard catalogue, read once, and the engines it must agree on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import embedded
import pytest

from kuwei_shared.catalogue import engines, files
from kuwei_shared.catalogue.loading import Reading, read
from kuwei_shared.rules.model import Catalogue

ROOT = Path(__file__).parents[2] / "rules-catalog"


@pytest.fixture(scope="session")
def reading() -> Reading:
    """The standard catalogue with the lines of its files."""
    return read(files.read_folder(ROOT))


@pytest.fixture(scope="session")
def catalogue(reading: Reading) -> Catalogue:
    """The standard catalogue."""
    assert reading.issues == ()
    return reading.catalogue


@pytest.fixture(scope="session")
def duckdb() -> engines.Engine:
    """DuckDB in memory."""
    return engines.DuckEngine()


@pytest.fixture
def postgresql(postgres: embedded.Postgres) -> Iterator[engines.Engine]:
    """PostgreSQL, read-only."""
    with engines.postgres(postgres.url()) as engine:
        yield engine
