"""The second wall, shown refusing where the first is forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import embedded
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from kuwei_shared.db import row_security
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.identity import scope

pytestmark = pytest.mark.integration

ROLE = "kuwei_app_test"
NANNING, GUILIN = "450100000", "450300000"


@pytest.fixture(scope="module")
def walled(postgres: embedded.Postgres) -> Iterator[UnitOfWork]:
    engine = create_engine(postgres.create("row_security"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE fact (mof_div_code text, n integer)"))
        rows = [{"code": NANNING, "n": 1}, {"code": GUILIN, "n": 2}]
        connection.execute(text("INSERT INTO fact VALUES (:code, :n)"), rows)
        for statement in [
            *row_security.policy_ddl("fact"),
            *row_security.role_ddl(ROLE),
        ]:
            connection.execute(text(statement))
    yield UnitOfWork(engine, ROLE)
    engine.dispose()


@pytest.fixture
def server(postgres: embedded.Postgres) -> Iterator[Engine]:
    """Return a database of an owner who may make no roles, as at a bureau."""
    engine = create_engine(postgres.create("row_security_owner"))
    with engine.begin() as connection:
        for statement in (
            *("DROP TABLE IF EXISTS fact", "DROP ROLE IF EXISTS plain_owner"),
            *("CREATE ROLE plain_owner LOGIN", f"GRANT {ROLE} TO plain_owner"),
            "ALTER SCHEMA public OWNER TO plain_owner",
            "SET SESSION AUTHORIZATION plain_owner",
            "CREATE TABLE fact (mof_div_code text, n int) PARTITION BY LIST (n)",
            "CREATE TABLE fact_y1 PARTITION OF fact FOR VALUES IN (1)",
            *(*row_security.policy_ddl("fact"), *row_security.role_ddl(ROLE)),
            "INSERT INTO fact VALUES ('450100000', 1), ('450300000', 1)",
        ):
            connection.execute(text(statement))
    engine.dispose()
    yield engine
    with engine.begin() as connection:
        connection.execute(text("ALTER SCHEMA public OWNER TO CURRENT_USER"))
        connection.execute(text("DROP OWNED BY plain_owner"))
        connection.execute(text("DROP ROLE plain_owner"))
    engine.dispose()


def seen(session: Session) -> set[str]:
    return set(session.scalars(text("SELECT mof_div_code FROM fact")))


def test_a_query_that_forgets_its_scope_still_sees_its_own_rows_only(
    walled: UnitOfWork,
) -> None:
    with walled.begin(scope.of_jurisdictions([NANNING])) as session:
        assert seen(session) == {NANNING}


def test_no_scope_shows_nothing(walled: UnitOfWork) -> None:
    with walled.begin() as session:
        session.execute(text(f"SET LOCAL ROLE {ROLE}"))
        assert seen(session) == set()


def test_an_empty_scope_shows_nothing(walled: UnitOfWork) -> None:
    with walled.begin(scope.of_jurisdictions([])) as session:
        assert seen(session) == set()


def test_the_service_itself_sees_everything(walled: UnitOfWork) -> None:
    with walled.begin(scope.of_service()) as session:
        assert seen(session) == {NANNING, GUILIN}


def test_writing_into_another_jurisdiction_is_refused(walled: UnitOfWork) -> None:
    statement = text("INSERT INTO fact VALUES (:code, 3)")
    inside = scope.of_jurisdictions([NANNING])

    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        walled.begin(inside) as session,
    ):
        session.execute(statement, {"code": GUILIN})


def test_a_scope_ends_with_its_transaction(walled: UnitOfWork) -> None:
    with walled.begin(scope.of_service()) as session:
        seen(session)

    with walled.begin(scope.of_jurisdictions([GUILIN])) as session:
        assert seen(session) == {GUILIN}


@pytest.mark.parametrize("name", ["fact; DROP TABLE fact", "Fact", "", "1fact"])
def test_a_name_that_is_no_identifier_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="^" + name.replace(";", ".")):
        row_security.policy_ddl(name)


def test_the_services_own_sight_ends_with_its_block(walled: UnitOfWork) -> None:
    with walled.begin(scope.of_jurisdictions([NANNING])) as session:
        with row_security.own_sight(session):
            assert seen(session) == {NANNING, GUILIN}

        assert seen(session) == {NANNING}


def test_the_services_own_sight_ends_with_an_error_too(walled: UnitOfWork) -> None:
    with walled.begin(scope.of_jurisdictions([NANNING])) as session:
        with pytest.raises(ProgrammingError), row_security.own_sight(session):
            session.execute(text("SELECT nothing"))

        assert seen(session) == {NANNING}


@pytest.mark.usefixtures("walled")
def test_an_owner_who_may_make_no_roles_uses_the_one_that_is_there(
    server: Engine,
) -> None:
    inside = scope.of_jurisdictions([NANNING])

    with UnitOfWork(server).begin() as session:
        session.execute(text("SET SESSION AUTHORIZATION plain_owner"))
        row_security.enter(session, inside, ROLE)
        found = seen(session)
        session.execute(text("RESET SESSION AUTHORIZATION"))

    assert found == {NANNING}


@pytest.mark.usefixtures("walled")
def test_a_partition_is_no_way_around_the_wall(server: Engine) -> None:
    inside = scope.of_jurisdictions([NANNING])

    with (
        pytest.raises(ProgrammingError, match="permission denied for table fact_y1"),
        UnitOfWork(server, ROLE).begin(inside) as session,
    ):
        session.execute(text("SELECT * FROM fact_y1"))
