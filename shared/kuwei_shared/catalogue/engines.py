"""Where compiled rules run while a catalogue is tried: DuckDB, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import duckdb
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.printer import Dialect

STATEMENT_TIMEOUT_MS = 60_000

Row = Sequence[object]


class Engine(Protocol):
    """Runs one SELECT and returns its rows."""

    @property
    def dialect(self) -> Dialect:
        """The dialect statements must be printed in."""
        ...

    def rows(self, sql: str) -> list[Row]:
        """Return the rows of a SELECT; raise KuweiError if the engine refuses it."""
        ...


def _refused(error: Exception) -> KuweiError:
    first = str(error).strip().splitlines()[0][:300]
    return KuweiError("catalogue.sql", f"数据库不接受编译出的语句:{first}。")


@dataclass(frozen=True, slots=True)
class DuckEngine:
    """A DuckDB in memory that can neither read files nor be reconfigured."""

    connection: duckdb.DuckDBPyConnection = field(
        default_factory=lambda: duckdb.connect(
            ":memory:",
            config={
                "enable_external_access": "false",
                "lock_configuration": "true",
                "threads": "2",
            },
        )
    )

    @property
    def dialect(self) -> Dialect:
        """DuckDB's."""
        return Dialect.DUCKDB

    def rows(self, sql: str) -> list[Row]:
        """Return the rows of a SELECT."""
        try:
            return list(self.connection.execute(sql).fetchall())
        except duckdb.Error as error:
            raise _refused(error) from error


@dataclass(frozen=True, slots=True)
class PostgresEngine:
    """A PostgreSQL connection; each statement runs in a savepoint that is undone."""

    connection: sa.Connection

    @property
    def dialect(self) -> Dialect:
        """PostgreSQL's."""
        return Dialect.POSTGRES

    def rows(self, sql: str) -> list[Row]:
        """Return the rows of a SELECT."""
        savepoint = self.connection.begin_nested()
        try:
            # Without parameters the driver leaves percent signs in texts alone.
            found = self.connection.exec_driver_sql(
                sql, execution_options={"no_parameters": True}
            )
            return [tuple(row) for row in found]
        except DBAPIError as error:
            raise _refused(error) from error
        finally:
            savepoint.rollback()


@contextmanager
def postgres(
    url: str, timeout_ms: int = STATEMENT_TIMEOUT_MS
) -> Iterator[PostgresEngine]:
    """Open a PostgreSQL for trying rules: read-only, bounded, nothing kept."""
    options = f"-c statement_timeout={timeout_ms}"
    options += " -c default_transaction_read_only=on"
    engine = sa.create_engine(
        url, poolclass=sa.NullPool, connect_args={"options": options}
    )
    try:
        with engine.connect() as connection:
            yield PostgresEngine(connection)
    finally:
        engine.dispose()
