"""Bring a service's database to its newest revision, and keep revisions honest.

A service's package holds ``migrations/`` (Alembic) and ``schema.py``, which gathers
its tables. Several processes may start at once: an advisory lock lets one of them
migrate while the others wait.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from alembic import command, context
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations.ops import CreateTableOp, MigrationScript
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, inspect, text

from kuwei_shared.db import row_security
from kuwei_shared.kernel.errors import Kind, KuweiError

LOCK = 0x6B757765
PARTITION = re.compile(r"_y\d{4}$")
FILE_NAME = "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s"
_COMPARES_BYTES = """
SELECT pg_encoding_to_char(encoding) = 'UTF8'
   AND (datlocprovider = 'b' OR datlocprovider = 'c' AND datcollate IN ('C', 'POSIX'))
FROM pg_database WHERE datname = current_database()"""


def upgrade(package: str, engine: Engine, role: str | None = None) -> None:
    """Apply every revision that is missing.

    Args:
        package: whose revisions.
        engine: connects as the owner of the tables.
        role: made if missing, and let work without owning anything; row security
            binds whoever takes it.

    Raises:
        KuweiError: ``database.collation`` of an empty database that orders text by
            some language (ADR 0022).
    """
    if current(engine) is None:
        _require_bytes(engine)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        # The lock is the session's; Alembic opens and commits its own transaction.
        connection.rollback()
        try:
            command.upgrade(configuration(package, connection), "head")
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
    if role is not None:
        with engine.begin() as connection:
            for statement in row_security.role_ddl(role):
                connection.exec_driver_sql(statement)


def _require_bytes(engine: Engine) -> None:
    """Refuse a new database in which text is not UTF-8 compared byte by byte."""
    with engine.connect() as connection:
        if connection.execute(text(_COMPARES_BYTES)).scalar_one():
            return
    raise KuweiError(
        "database.collation",
        f"数据库“{engine.url.database}”不是按字节比较文字的 UTF-8 库。"
        "请重建:CREATE DATABASE … LOCALE_PROVIDER builtin"
        " BUILTIN_LOCALE 'C.UTF-8' TEMPLATE template0。",
        kind=Kind.CONFLICT,
    )


def newest(package: str) -> str | None:
    """Return the newest revision of a service's code; there is at most one."""
    return ScriptDirectory.from_config(configuration(package)).get_current_head()


def current(engine: Engine) -> str | None:
    """Return the revision a database is at; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def write_revision(package: str, engine: Engine, sentence: str) -> None:
    """Write the revision that leads from this database to the tables in code."""
    with engine.connect() as connection:
        command.revision(
            configuration(package, connection), message=sentence, autogenerate=True
        )


def differences(engine: Engine, metadata: MetaData) -> list[object]:
    """Return what a migrated database lacks or has beyond the tables in code."""
    with engine.connect() as connection:
        options = {"include_name": _is_ours, "compare_type": True}
        where = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(where, metadata))


def configuration(package: str, connection: Connection | None = None) -> Config:
    """Return Alembic's configuration for a service; there is no ini file."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise LookupError(f"no package {package}")
    config = Config()
    folder = Path(found.origin).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", FILE_NAME)
    config.attributes["connection"] = connection
    return config


def standing_ddl(metadata: MetaData, connection: Connection) -> list[str]:
    """Return what autogenerate cannot see: row security, append-only triggers.

    The statements are idempotent, so every migration repeats them and no table
    added later can be forgotten.
    """
    columns = inspect(connection).get_multi_columns()
    present = {name for _, name in columns}
    # A revision is written against tables that lack the column it will add.
    placed = {
        name
        for (_, name), found in columns.items()
        if any(column["name"] == row_security.COLUMN for column in found)
    }
    own = [
        statement
        for table in metadata.sorted_tables
        if table.name in present
        for statement in table.info.get("standing_ddl", ())
    ]
    return [*row_security.wall_ddl(metadata, placed), *own]


def run(metadata: MetaData) -> None:
    """Do what the calling ``migrations/env.py`` is for; all revisions or none."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=_is_ours,
        compare_type=True,
        process_revision_directives=_without_notes,
    )
    with context.begin_transaction():
        context.run_migrations()
        for statement in standing_ddl(metadata, connection):
            connection.exec_driver_sql(statement)


def _without_notes(
    _: MigrationContext, __: object, scripts: list[MigrationScript]
) -> None:
    """Leave ``Table.info`` out of revisions: standing DDL is not laid by them."""
    for script in scripts:
        for change in script.upgrade_ops.ops if script.upgrade_ops else ():
            if isinstance(change, CreateTableOp):
                change.info.clear()


def _is_ours(name: str | None, kind: str, parents: object) -> bool:
    """Leave partitions out: the ledger makes them as budget years appear."""
    del parents
    return not (kind == "table" and name is not None and PARTITION.search(name))
