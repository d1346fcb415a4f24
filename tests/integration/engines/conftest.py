"""A generated province, and nodes with databases of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import embedded
import pytest
from sqlalchemy import Engine, create_engine

from kuwei_node import schema
from kuwei_shared.db.engine import PoolLimits, connect
from kuwei_shared.sample.province import generate
from kuwei_shared.sample.spec import ProvinceSpec

# Province, two cities and the county that hosts townships.
SPEC = ProvinceSpec(payments=8_000, seed=5, nodes=4, violation_rate=0.05)
_numbers = count(1)


@pytest.fixture(scope="session")
def province(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Return the folders of a generated province's nodes."""
    out = tmp_path_factory.mktemp("province")
    generate(SPEC, out)
    return tuple(sorted(out.glob("*/")))


@pytest.fixture(scope="session")
def new_engine(postgres: embedded.Postgres) -> Iterator[Callable[[], Engine]]:
    """Return what makes an empty node database."""
    made: list[Engine] = []

    def fresh() -> Engine:
        url = postgres.create(f"engines_{next(_numbers)}")
        tables = create_engine(url)
        schema.metadata().create_all(tables)
        tables.dispose()
        made.append(connect(url, PoolLimits(size=8), application="engines"))
        return made[-1]

    yield fresh
    for engine in made:
        engine.dispose()
