"""An outbox on a real database, and a hub's key to give receipts with."""

from __future__ import annotations

from collections.abc import Iterator

import embedded
import federation_lab as lab
import pytest
from pace import await_threads
from sqlalchemy import Engine, create_engine, text
from uplink_lab import Post

from kuwei_shared.db.unit_of_work import UnitOfWork


@pytest.fixture(scope="package")
def engine(postgres: embedded.Postgres) -> Iterator[Engine]:
    engine = create_engine(postgres.create("outbox"), pool_size=8)
    lab.make_node_tables(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def outbox_engine(engine: Engine) -> Engine:
    with engine.begin() as connection:
        for row in lab.NODE_ROWS:
            connection.execute(text(f"TRUNCATE {row.__tablename__}"))
    return engine


@pytest.fixture
def post(outbox_engine: Engine) -> Iterator[Post]:
    """A node with an outbox, before a hub on paper."""
    yield Post(UnitOfWork(outbox_engine))
    # A process does not wait for its listener; it might write into the next test.
    await_threads("uplink-listen")
