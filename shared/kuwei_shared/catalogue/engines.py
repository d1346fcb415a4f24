"""Where compiled rules run while a catalogue is tried: DuckDB, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import duckdb
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError

from kuwei_shared.kernel.errors import Kind, KuweiError
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
    """Open a PostgreSQL for trying rules: read-only, bounded, nothing kept.

    Raises:
        KuweiError: the address is none, or nothing answers there.
    """
    options = f"-c statement_timeout={timeout_ms}"
    options += " -c default_transaction_read_only=on"
    engine = sa.create_engine(
        _address(url), poolclass=sa.NullPool, connect_args={"options": options}
    )
    try:
        with _connected(engine) as connection:
            yield PostgresEngine(connection)
    finally:
        engine.dispose()


def _address(url: str) -> sa.URL:
    """Return a database's address; an error does not repeat it, it holds a password."""
    try:
        address = sa.make_url(url)
    except ArgumentError:
        address = None
    if address is None or address.get_backend_name() not in {"postgresql", "postgres"}:
        raise KuweiError(
            "catalogue.postgres",
            "--postgres 给的不是 PostgreSQL 地址;"
            "写成 postgresql://用户:口令@主机:端口/库名。",
        )
    return address.set(drivername="postgresql+psycopg2")


def _connected(engine: sa.Engine) -> sa.Connection:
    try:
        return engine.connect()
    except DBAPIError as error:
        where = engine.url.render_as_string(hide_password=True)
        first = str(error.orig).strip().splitlines()[0][:200]
        raise KuweiError(
            "catalogue.postgres",
            f"连不上 {where}:{first};核对主机、端口、库名和口令。",
            kind=Kind.UNAVAILABLE,
        ) from error
