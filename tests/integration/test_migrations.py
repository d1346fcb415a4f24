import embedded
import pytest
from sqlalchemy import create_engine, inspect

from kuwei_hub import schema as hub
from kuwei_node import schema as node
from kuwei_shared.db import migrate

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


def test_the_ledger_has_its_sequence(postgres: embedded.Postgres) -> None:
    engine = create_engine(postgres.create("migrated_sequence"))

    migrate.upgrade("kuwei_node", engine)

    assert "payment_seq" in inspect(engine).get_sequence_names()
    engine.dispose()
