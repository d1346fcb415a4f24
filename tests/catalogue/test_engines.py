"""Trying rules leaves the connection it is given as it was."""

from __future__ import annotations

import embedded
import pytest
import sqlalchemy as sa

from kuwei_shared.catalogue import engines
from kuwei_shared.kernel.errors import KuweiError

pytestmark = pytest.mark.integration


@pytest.fixture
def url(postgres: embedded.Postgres) -> str:
    return postgres.url()


def test_a_failed_statement_leaves_the_transaction_usable(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)

    with engine.connect() as connection:
        tried = engines.PostgresEngine(connection)
        with pytest.raises(KuweiError, match=r"catalogue\.sql"):
            tried.rows("SELECT 1 / 0")
        after = connection.scalar(sa.text("SELECT '100%' || :more"), {"more": "x"})

    assert after == "100%x"


def test_percent_signs_mean_themselves_before_and_after(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)

    with engine.connect() as connection:
        tried = engines.PostgresEngine(connection).rows("SELECT '%s %% %(x)s'")
        after = connection.scalar(sa.text("SELECT '100%'"))

    assert tried == [("%s %% %(x)s",)]
    assert after == "100%"


@pytest.mark.parametrize(
    "sql", ["CREATE TABLE x (a integer)", "SELECT nextval('s')", "SELECT pg_sleep(9)"]
)
def test_the_command_line_connection_can_change_nothing(url: str, sql: str) -> None:
    with engines.postgres(url, timeout_ms=50) as engine, pytest.raises(KuweiError):
        engine.rows(sql)
