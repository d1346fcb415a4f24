from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import embedded
import pytest
from hub_lab import HubLab
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from kuwei_hub.catalogue import models as catalogue
from kuwei_hub.catalogue.service import Rulebook
from kuwei_hub.distribution import models as distribution
from kuwei_shared.db.base import HubTable

TABLES = [
    HubTable.metadata.tables[row.__tablename__]
    for row in (
        distribution.ReleaseFile,
        distribution.Release,
        distribution.ReleaseAssignment,
        catalogue.RuleDraft,
        catalogue.CatalogueRule,
    )
]


@pytest.fixture(scope="session")
def rules_engine(postgres: embedded.Postgres) -> Iterator[Engine]:
    engine = create_engine(postgres.create("hub_catalogue_contract"))
    HubTable.metadata.create_all(engine, tables=TABLES)
    yield engine
    engine.dispose()


@pytest.fixture
def session(rules_engine: Engine) -> Iterator[Session]:
    with rules_engine.connect() as connection, Session(connection) as session:
        yield session
        session.rollback()


@pytest.fixture
def lab(tmp_path: Path, session: Session) -> HubLab:
    lab = HubLab.with_keys(tmp_path / "keys")
    lab.library.found(session, lab.keys)
    return lab


@pytest.fixture
def rulebook(lab: HubLab) -> Rulebook:
    # The small catalogue of these tests is not as wide as the checks demand.
    return Rulebook(clock=lab.clock, library=lab.library, checks=())
