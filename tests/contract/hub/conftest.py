"""A founded hub on a real database; what a test does is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import embedded
import pytest
from hub_lab import HubLab
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from kuwei_hub import schema
from kuwei_hub.catalogue.service import Rulebook


@pytest.fixture(scope="session")
def hub_engine(postgres: embedded.Postgres) -> Iterator[Engine]:
    engine = create_engine(postgres.create("hub_contract"))
    schema.metadata().create_all(engine)
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


@pytest.fixture
def rulebook(lab: HubLab) -> Rulebook:
    # The small catalogue of these tests is not as wide as the checks demand.
    return Rulebook(clock=lab.clock, library=lab.library, checks=())
