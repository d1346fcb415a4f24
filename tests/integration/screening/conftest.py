"""A fresh node database per test, made from a template once per run."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from itertools import count

import embedded
import pytest
from pace import UNHURRIED
from sqlalchemy import Engine, create_engine, text

from kuwei_shared.db.base import NodeTable
from kuwei_shared.db.engine import connect

TABLES = (
    "alerts",
    "brake",
    "holds",
    "payments",
    "reference",
    "schedule",
    "screening",
)
_numbers = count(1)


@pytest.fixture(scope="session")
def template(postgres: embedded.Postgres) -> str:
    for feature in TABLES:
        importlib.import_module(f"kuwei_node.{feature}.models")
    engine = create_engine(postgres.create("screening_template"))
    NodeTable.metadata.create_all(engine)
    engine.dispose()
    return "screening_template"


@pytest.fixture
def engine(postgres: embedded.Postgres, template: str) -> Iterator[Engine]:
    name = f"screening_{next(_numbers)}"
    admin = create_engine(postgres.url(), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    made = connect(postgres.url(name), UNHURRIED, application="t")
    yield made
    made.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name}"))
    admin.dispose()
