"""The demo looks at its data as every jurisdiction; whoever sees more fails it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import embedded
import pytest
from notebook import Notebook
from places import PLACES
from ports import Ports
from processes import StageFailedError, Supervisor
from sqlalchemy import create_engine, text
from state import ROLE, Stack
from walls import walls

from kuwei_shared.db import row_security

pytestmark = pytest.mark.integration
COUNTY = next(place for place in PLACES if place.code == "450102000")
LOOKED_AT = (("hub", "statistic"), (COUNTY.database, "payment"))


@pytest.fixture
def demo(postgres: embedded.Postgres, tmp_path: Path) -> Iterator[Stack]:
    """Return a demo of one county that hosts a township, both with rows."""
    for database, table in LOOKED_AT:
        engine = create_engine(postgres.create(database))
        with engine.begin() as connection:
            for statement in (
                *(f"DROP TABLE IF EXISTS {table}", _TABLE.format(table)),
                *row_security.policy_ddl(table),
                *row_security.role_ddl(ROLE),
                f"INSERT INTO {table} VALUES ('450102000'), ('450102101')",  # noqa: S608  # our own names
            ):
                connection.execute(text(statement))
        engine.dispose()
    yield Stack(
        folder=tmp_path,
        payments=1,
        seed=1,
        ports=Ports.chosen(),
        supervisor=Supervisor(tmp_path),
        notebook=Notebook(tmp_path / "notebook.json"),
        places=(COUNTY,),
        postgres=postgres,
    )
    for database, table in LOOKED_AT:
        _run(postgres, database, f"DROP TABLE {table}")


_TABLE = "CREATE TABLE {} (mof_div_code text)"


def _run(postgres: embedded.Postgres, database: str, statement: str) -> None:
    engine = create_engine(postgres.url(database))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_a_demo_in_which_each_sees_its_own_passes(demo: Stack) -> None:
    assert walls(demo) == "2 个库,8 个区划各见本区划的数据"


@pytest.mark.parametrize(("database", "table"), LOOKED_AT)
def test_a_demo_whose_wall_is_down_fails(
    demo: Stack, database: str, table: str
) -> None:
    assert demo.postgres is not None
    down = f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"
    _run(demo.postgres, database, down)

    with pytest.raises(StageFailedError, match=f"{database}: 450000000 sees"):
        walls(demo)


def test_every_process_of_the_demo_takes_the_role(demo: Stack) -> None:
    for settings in (demo.hub(), demo.node(COUNTY)):
        assert settings["KUWEI_DATABASE_ROLE"] == ROLE
