from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import embedded
import pytest
from hub_lab import HubLab
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from kuwei_hub.distribution import models
from kuwei_shared.db.base import HubTable

TABLES = [
    HubTable.metadata.tables[row.__tablename__]
    for row in (
        models.ReleaseFile,
        models.Release,
        models.ReleaseAssignment,
        models.Adoption,
        models.AdoptionReportRow,
    )
]


@pytest.fixture(scope="session")
def hub_engine(postgres: embedded.Postgres) -> Iterator[Engine]:
    engine = create_engine(postgres.create("distribution_contract"))
    HubTable.metadata.create_all(engine, tables=TABLES)
    yield engine
    engine.dispose()


@pytest.fixture
def session(hub_engine: Engine) -> Iterator[Session]:
    with hub_engine.connect() as connection, Session(connection) as session:
        yield session
        session.rollback()


@pytest.fixture
def lab(tmp_path: Path, session: Session) -> HubLab:
    lab = HubLab.with_keys(tmp_path / "keys")
    lab.library.found(session, lab.keys)
    return lab
