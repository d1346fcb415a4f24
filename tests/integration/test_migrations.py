import embedded
import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, inspect

from kuwei_hub import schema as hub
from kuwei_node import schema as node
from kuwei_shared.db import migrate
from kuwei_shared.kernel.errors import KuweiError

BEFORE_REJECTS_HAD_A_DIVISION = "d491fd145e72"
REJECTED = """
WITH l AS (INSERT INTO reference_load (entity, source, mof_div_code, loaded_by,
 loaded_at, known_from, rows_read, rows_added, rows_closed, rows_unchanged,
 rows_rejected) VALUES ('agency', 'a.csv', '450102000', 'x', now(), 1, 1, 0, 0, 0, 1)
 RETURNING id)
INSERT INTO reference_reject (load_id, line, raw, reason, field)
SELECT id, 2, '', '', '' FROM l
"""
BEFORE_REFUSED_IMPORTS = "5b1d0c7e94a2"
IMPORTED = """
INSERT INTO intake_import (profile, mof_div_code, divisions, state, started_by,
 started_at) SELECT 'standard', '450102000', '{}', state, 'x', now()
 FROM unnest(ARRAY['done', 'done', 'differs', 'done']) WITH ORDINALITY AS i(state, n)
 ORDER BY n;
INSERT INTO intake_file (import_id, ordinal, name, path, sha256, digest, size_bytes,
 state, rows_accepted, rows_rejected)
SELECT import_id, row_number() OVER (), '', '', '', '', 1, state, accepted, rejected
FROM (VALUES (1, 'done', 0, 3), (2, 'done', 0, 3), (2, 'done', 5, 0),
 (2, 'done', 5, 1), (3, 'differs', 5, 1), (4, 'done', 0, 0))
 AS f(import_id, state, accepted, rejected)
"""
SERVICES = [("kuwei_hub", hub.metadata), ("kuwei_node", node.metadata)]


@pytest.mark.parametrize(("package", "metadata"), SERVICES)
def test_migrations_lead_to_the_tables_in_code(
    postgres: embedded.Postgres, package: str, metadata: object
) -> None:
    engine = create_engine(postgres.create(f"migrated_{package}"))

    migrate.upgrade(package, engine)

    assert callable(metadata)
    assert migrate.differences(engine, metadata()) == []
    assert migrate.current(engine) == migrate.newest(package)
    engine.dispose()


def test_refused_reference_rows_of_before_go_to_the_bureau_of_their_load(
    postgres: embedded.Postgres,
) -> None:
    engine = create_engine(postgres.create("migrated_rejects"))
    _bring(engine, BEFORE_REJECTS_HAD_A_DIVISION)
    with engine.begin() as connection:
        connection.exec_driver_sql(REJECTED)

    migrate.upgrade("kuwei_node", engine)

    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT mof_div_code FROM reference_reject")
        assert found.scalar_one() == "450102000"
    engine.dispose()


def test_imports_of_before_say_what_was_refused(postgres: embedded.Postgres) -> None:
    engine = create_engine(postgres.create("migrated_imports"))
    _bring(engine, BEFORE_REFUSED_IMPORTS)
    with engine.begin() as connection:
        connection.exec_driver_sql(IMPORTED)

    migrate.upgrade("kuwei_node", engine)

    asked = "SELECT state FROM {} ORDER BY id"
    with engine.connect() as connection:
        files = connection.exec_driver_sql(asked.format("intake_file")).scalars().all()
        whole = connection.exec_driver_sql(asked.format("intake_import")).scalars()
        assert files == ["refused", "refused", "done", "partly", "differs", "done"]
        assert whole.all() == ["refused", "partly", "differs", "done"]
    engine.dispose()


def test_a_wall_falls_with_its_column(postgres: embedded.Postgres) -> None:
    engine = create_engine(postgres.create("migrated_back"))
    migrate.upgrade("kuwei_node", engine)

    with engine.connect() as connection:
        config = migrate.configuration("kuwei_node", connection)
        command.downgrade(config, BEFORE_REJECTS_HAD_A_DIVISION)

    assert migrate.current(engine) == BEFORE_REJECTS_HAD_A_DIVISION
    engine.dispose()


def _bring(engine: Engine, revision: str) -> None:
    with engine.connect() as connection:
        command.upgrade(migrate.configuration("kuwei_node", connection), revision)


def test_the_ledger_has_its_sequence(postgres: embedded.Postgres) -> None:
    engine = create_engine(postgres.create("migrated_sequence"))

    migrate.upgrade("kuwei_node", engine)

    assert "payment_seq" in inspect(engine).get_sequence_names()
    engine.dispose()


@pytest.mark.parametrize(
    "kind",
    [
        "ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'",
        "LOCALE_PROVIDER libc LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'",
    ],
)
def test_a_new_database_compares_utf8_by_bytes_or_is_refused(
    postgres: embedded.Postgres, kind: str
) -> None:
    postgres.server.psql("DROP DATABASE IF EXISTS by_language;")
    postgres.server.psql(f"CREATE DATABASE by_language {kind} TEMPLATE template0;")
    engine = create_engine(postgres.url("by_language"))

    with pytest.raises(KuweiError, match=r"“by_language”.*CREATE DATABASE") as refused:
        migrate.upgrade("kuwei_node", engine)

    assert refused.value.code == "database.collation"
    assert migrate.current(engine) is None
    engine.dispose()


def test_a_database_made_before_goes_on_as_it_is(postgres: embedded.Postgres) -> None:
    postgres.server.psql(
        "CREATE DATABASE of_before LOCALE_PROVIDER libc LC_COLLATE 'C.UTF-8'"
        " LC_CTYPE 'C.UTF-8' TEMPLATE template0;"
    )
    engine = create_engine(postgres.url("of_before"))
    _bring(engine, BEFORE_REJECTS_HAD_A_DIVISION)

    migrate.upgrade("kuwei_node", engine)

    assert migrate.current(engine) == migrate.newest("kuwei_node")
    engine.dispose()
