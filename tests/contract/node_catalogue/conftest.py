from __future__ import annotations

from collections.abc import Iterator

import embedded
import pytest
from node_lab import TABLES, NodeLab
from sqlalchemy import Engine, create_engine

from kuwei_shared.db.base import NodeTable


@pytest.fixture(scope="session")
def node_engine(postgres: embedded.Postgres) -> Iterator[Engine]:
    engine = create_engine(postgres.create("node_catalogue_contract"))
    yield engine
    engine.dispose()


@pytest.fixture
def lab(node_engine: Engine) -> Iterator[NodeLab]:
    lab = NodeLab(node_engine)
    lab.create_tables()
    yield lab
    NodeTable.metadata.drop_all(node_engine, tables=TABLES)
