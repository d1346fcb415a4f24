"""What leaves a transaction: outages as a request to come again, faults as they are."""

from __future__ import annotations

import select
from collections.abc import Iterator

import embedded
import psycopg2
import psycopg2.errors
import pytest
from pace import PATIENCE_S
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DatabaseError, OperationalError, ProgrammingError

from kuwei_shared.db.engine import PoolLimits, connect
from kuwei_shared.db.prepared import run_verbatim
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.errors import Kind, KuweiError

pytestmark = pytest.mark.integration
CUT_OFF = "server closed the connection unexpectedly"
END_MYSELF = "SELECT pg_terminate_backend(pg_backend_pid())"
# What the driver raises when the server dies while it is answering.
LOST = psycopg2.DatabaseError(CUT_OFF)


@pytest.fixture
def unit_of_work(postgres: embedded.Postgres) -> Iterator[UnitOfWork]:
    engine = create_engine(postgres.url())
    yield UnitOfWork(engine)
    engine.dispose()


# Over TCP the client reads why the server ended it (25P03, 25P04).
IDLE = psycopg2.errors.IdleInTransactionSessionTimeout("idle-in-transaction timeout")
LONG = psycopg2.errors.TransactionTimeout("transaction timeout")


@pytest.mark.parametrize("error", [LOST, IDLE, LONG])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_server_lost_in_mid_answer_is_an_outage(
    unit_of_work: UnitOfWork, error: psycopg2.Error, *, wrapped: bool
) -> None:
    told_as = DatabaseError("SELECT 1", None, error) if wrapped else error
    with (
        pytest.raises(KuweiError, match=r"database\.busy") as told,
        unit_of_work.begin(),
    ):
        raise told_as

    assert told.value.kind is Kind.UNAVAILABLE


def test_an_ended_connection_is_an_outage(unit_of_work: UnitOfWork) -> None:
    for ask in (run_verbatim, lambda session, sql: session.execute(text(sql))):
        with (
            pytest.raises(KuweiError, match=r"database\.busy"),
            unit_of_work.begin() as session,
        ):
            ask(session, END_MYSELF)


@pytest.mark.parametrize("limit", ["idle_in_transaction_session", "transaction"])
def test_a_transaction_the_server_ended_as_too_long_is_an_outage(
    unit_of_work: UnitOfWork, limit: str
) -> None:
    with pytest.raises(KuweiError, match=r"database\.busy") as told:
        _idle_too_long(unit_of_work, limit)

    assert told.value.retry_after_s


def test_more_than_an_index_can_hold_is_no_outage(unit_of_work: UnitOfWork) -> None:
    too_long = (
        "CREATE TEMP TABLE t (a text PRIMARY KEY); INSERT INTO t"
        " SELECT string_agg(md5(n::text), '') FROM generate_series(1, 300) n"
    )
    for ask in (run_verbatim, lambda session, sql: session.execute(text(sql))):
        with (
            pytest.raises((OperationalError, psycopg2.OperationalError), match="index"),
            unit_of_work.begin() as session,
        ):
            ask(session, too_long)


def test_a_wrong_statement_is_no_outage(unit_of_work: UnitOfWork) -> None:
    with pytest.raises(ProgrammingError), unit_of_work.begin() as session:
        session.execute(text("SELECT nothing"))
    with pytest.raises(psycopg2.ProgrammingError), unit_of_work.begin() as session:
        run_verbatim(session, "SELECT nothing")


def _idle_too_long(unit_of_work: UnitOfWork, limit: str) -> None:
    """Do nothing in a transaction until the server has said why it ends it."""
    with unit_of_work.begin() as session:
        run_verbatim(session, f"SET LOCAL {limit}_timeout = '20ms'")
        driver = session.connection().connection.driver_connection
        assert driver is not None
        said, _, _ = select.select([driver], [], [], PATIENCE_S)
        assert said
        run_verbatim(session, "SELECT 1")


def test_a_connection_the_server_ended_while_idle_is_replaced(
    postgres: embedded.Postgres,
) -> None:
    engine = connect(postgres.url(), PoolLimits(size=1), application="idle")
    unit_of_work = UnitOfWork(engine)
    with unit_of_work.begin() as session:
        ended = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with create_engine(postgres.url()).connect() as other:
        ending = text("SELECT pg_terminate_backend(:pid, :wait_ms)")
        wait_ms = int(PATIENCE_S * 1000)
        other.execute(ending, {"pid": ended, "wait_ms": wait_ms})

    with unit_of_work.begin() as session:
        now = session.execute(text("SELECT pg_backend_pid()")).scalar_one()

    assert now != ended
    engine.dispose()


def test_the_connection_used_last_is_used_next(postgres: embedded.Postgres) -> None:
    engine = connect(postgres.url(), PoolLimits(size=2), application="test")
    whose = text("SELECT pg_backend_pid()")
    first, last = engine.connect(), engine.connect()
    used_last = last.execute(whose).scalar_one()
    first.close()
    last.close()

    with engine.connect() as following:
        assert following.execute(whose).scalar_one() == used_last
    engine.dispose()
