"""Two web processes of one service, one session: its refresh token is shown once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import embedded
import pytest
from pace import PATIENCE_S
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from kuwei_hub.identity import store
from kuwei_hub.identity import tasks as hub_tasks
from kuwei_hub.schema import metadata
from kuwei_node.identity import tasks as node_tasks
from kuwei_shared.db import row_security
from kuwei_shared.db.engine import PoolLimits, connect
from kuwei_shared.db.migrate import standing_ddl
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.identity.answers import ASKER_LIFE, LOOK_EVERY_S, SharedAnswers
from kuwei_shared.identity.login import Login
from kuwei_shared.identity.principal import Principal, Subject
from kuwei_shared.identity.renewal import (
    ANSWER_KEPT,
    CONFIRM_AFTER,
    CONFIRM_BY,
    OUTAGE_KEPT,
    WAIT_S,
    Renewals,
)
from kuwei_shared.identity.roles import Role
from kuwei_shared.identity.scope import of_jurisdictions
from kuwei_shared.identity.session import IDLE_LIFE, SessionCodec
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import Kind, KuweiError

pytestmark = pytest.mark.integration

DATABASE, ROLE = "shared_renewals", "kuwei_app_renewals"
SECRET = "a-secret-that-is-long-enough-to-sign"
PERSON = Principal(
    subject=Subject("u1"),
    name="南宁市 监控岗",
    roles=frozenset({Role.MONITOR}),
    jurisdictions=("450100000/*",),
)
OVER, DENIED = "identity.session_over", "identity.code_refused"


@dataclass(slots=True)
class Keycloak:
    """A provider as strict as Keycloak: a token that comes twice ends the session."""

    clock: SetClock
    shown: list[str] = field(default_factory=list)
    fault: BaseException | None = None
    while_asked: Callable[[], object] = lambda: None

    def renew(self, token: str) -> Login:
        self.while_asked()
        if token in self.shown:
            self.fault = KuweiError(DENIED, "不行", kind=Kind.UNAUTHENTICATED)
        self.shown.append(token)
        if self.fault is not None:
            raise self.fault
        now = self.clock.now()
        return Login(principal=PERSON, refresh_token=f"{token}+", proven_at=now)


@pytest.fixture(scope="module")
def address(postgres: embedded.Postgres) -> str:
    url = postgres.create(DATABASE)
    engine = create_engine(url)
    metadata().create_all(engine)
    with engine.begin() as connection:
        walls = standing_ddl(metadata(), connection)
        for statement in [*walls, *row_security.role_ddl(ROLE)]:
            connection.exec_driver_sql(statement)
    engine.dispose()
    return url


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Two processes of one service, and the provider they trust."""

    clock: SetClock
    keycloak: Keycloak
    work: tuple[UnitOfWork, UnitOfWork]

    def process(self, number: int, secret: str = SECRET) -> SharedAnswers:
        return SharedAnswers(
            questions=store.QUESTIONS,
            begin=self.work[number].begin,
            ask=self.keycloak.renew,
            seal=SessionCodec([secret], self.clock),
            clock=self.clock,
        )

    def rows(self, what: str = "count(*)") -> object:
        with self.work[0].begin() as session:
            return session.scalar(text(f"SELECT {what} FROM session_renewal"))  # noqa: S608  # our own words

    def refusal(self, number: int, secret: str = SECRET) -> str:
        with pytest.raises(KuweiError) as refused:
            self.process(number, secret).renew("t")
        return refused.value.code


class Slow:
    """A process whose looks take a while each, by a watch of its own."""

    def __init__(self, service: Service, *, look_s: float) -> None:
        self.waited_s, self._look_s = 0.0, look_s
        self._begin = service.work[1].begin
        usual = service.process(1)
        self.process = replace(usual, begin=self.begin, ticks=lambda: self.waited_s)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        self.waited_s += self._look_s
        with self._begin() as session:
            yield session


@pytest.fixture
def service(address: str) -> Iterator[Service]:
    clock = SetClock()
    engines = [connect(address, PoolLimits(), application="test") for _ in range(2)]
    yield Service(
        clock=clock,
        keycloak=Keycloak(clock),
        work=(UnitOfWork(engines[0], ROLE), UnitOfWork(engines[1], ROLE)),
    )
    with engines[0].begin() as connection:
        connection.execute(text("TRUNCATE session_renewal"))
    for engine in engines:
        engine.dispose()


def test_of_two_processes_at_once_one_asks_and_both_know(service: Service) -> None:
    all_here = threading.Barrier(8)
    processes = [service.process(0), service.process(1)]

    def request(number: int) -> Login:
        all_here.wait(PATIENCE_S)
        return processes[number % 2].renew("t")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(request, range(8)))

    assert service.keycloak.shown == ["t"]
    assert {one.refresh_token for one in answers} == {"t+"}
    assert {one.principal for one in answers} == {PERSON}


def test_who_waits_for_the_other_process_has_its_answer(service: Service) -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def hesitate() -> None:
        asked.set()
        assert may_answer.wait(PATIENCE_S)

    service.keycloak.while_asked = hesitate
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(service.process(0).renew, "t")
        assert asked.wait(PATIENCE_S)
        second = pool.submit(service.process(1).renew, "t")
        may_answer.set()

    assert first.result() == second.result()
    assert service.keycloak.shown == ["t"]


def test_who_waits_too_long_for_the_other_process_asks_nobody(
    service: Service,
) -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def hesitate() -> None:
        asked.set()
        assert may_answer.wait(PATIENCE_S)

    service.keycloak.while_asked = hesitate
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(service.process(0).renew, "t")
        assert asked.wait(PATIENCE_S)
        with pytest.raises(KuweiError, match="迟迟没有答复") as late:
            Slow(service, look_s=WAIT_S / 2).process.renew("t")
        may_answer.set()

    assert late.value.kind is Kind.UNAVAILABLE
    assert first.result().refresh_token == "t+"
    assert service.keycloak.shown == ["t"]


@pytest.mark.parametrize("look_s", [2.0, 40.0])
def test_the_wait_has_its_end_in_time_however_slow_the_looks(
    service: Service, look_s: float
) -> None:
    service.keycloak.fault = SystemExit("the process was ended")
    with pytest.raises(SystemExit):
        service.process(0).renew("t")
    slow = Slow(service, look_s=look_s)

    with pytest.raises(KuweiError) as late:
        slow.process.renew("t")

    assert late.value.code == "identity.provider_unavailable"
    assert WAIT_S - LOOK_EVERY_S < slow.waited_s <= WAIT_S + look_s


def test_a_refusal_holds_in_every_process(service: Service) -> None:
    service.keycloak.fault = KuweiError(
        "identity.incompatible_roles",
        "不相容",
        kind=Kind.DENIED,
        details={"first": "monitor"},
    )
    assert service.refusal(0) == "identity.incompatible_roles"

    with pytest.raises(KuweiError) as refused:
        service.process(1).renew("t")

    assert refused.value.kind is Kind.DENIED
    assert refused.value.message == "不相容"
    assert refused.value.details == {"first": "monitor"}
    assert service.keycloak.shown == ["t"]


def test_an_outage_is_shared_for_seconds_and_asked_about_again(
    service: Service,
) -> None:
    service.keycloak.fault = KuweiError("x.away", "不在", kind=Kind.UNAVAILABLE)
    assert [service.refusal(0), service.refusal(1)] == ["x.away"] * 2
    assert service.keycloak.shown == ["t"]

    service.clock.advance(OUTAGE_KEPT)
    service.keycloak.shown.clear()
    service.keycloak.fault = None

    assert service.process(1).renew("t").refresh_token == "t+"


def test_a_question_whose_asker_is_gone_is_not_asked_again(service: Service) -> None:
    service.keycloak.fault = SystemExit("the process was ended")
    with pytest.raises(SystemExit):
        service.process(0).renew("t")

    service.keycloak.fault = None
    service.clock.advance(ASKER_LIFE)

    # The login lets in without a password who still has a session at the provider.
    assert service.refusal(1) == OVER
    assert service.keycloak.shown == ["t"]


def test_a_token_that_comes_again_later_is_shown_to_the_provider(
    service: Service,
) -> None:
    service.process(0).renew("t")
    service.clock.advance(ANSWER_KEPT)

    # Whoever stole it, or was stolen from: the provider ends both.
    assert service.refusal(1) == DENIED
    assert service.keycloak.shown == ["t", "t"]


def test_an_answer_is_as_old_as_it_is(service: Service) -> None:
    asked_at = service.clock.now()
    session = SessionCodec([SECRET], SetClock(asked_at - CONFIRM_AFTER)).open(PERSON)
    service.process(0).renew("t")
    service.clock.advance(ANSWER_KEPT / 2)
    there = Renewals(service.process(1).renew, service.clock)

    found = there.confirm(session, "t")

    assert found is not None
    assert found.session.confirmed == int(asked_at.timestamp())


def test_what_is_past_is_forgotten(service: Service) -> None:
    for number in range(5):
        service.process(number % 2).renew(f"t{number}")
    assert service.rows() == 5

    service.clock.advance(IDLE_LIFE)
    service.process(0).renew("another")

    assert service.rows() == 1


@pytest.mark.parametrize(
    "sweep",
    [
        hub_tasks.sweep,
        # Its own service over the table of the same name and form.
        node_tasks.sweep,
    ],
    ids=["hub", "node"],
)
def test_an_answer_is_deleted_after_its_minute_though_nobody_comes(
    service: Service, sweep: Callable[[UnitOfWork, SetClock], int]
) -> None:
    service.process(0).renew("friday evening")
    service.clock.advance(ANSWER_KEPT / 2)
    service.process(0).renew("half a minute later")
    before = sweep(service.work[1], service.clock)

    service.clock.advance(ANSWER_KEPT / 2)
    after = sweep(service.work[1], service.clock)

    assert (before, after) == (0, 1)
    assert service.rows() == 1


def test_the_token_of_an_asker_that_died_stays_known_after_a_sweep(
    service: Service,
) -> None:
    service.keycloak.fault = SystemExit("the process was ended")
    with pytest.raises(SystemExit):
        service.process(0).renew("t")
    service.clock.advance(IDLE_LIFE / 2)

    hub_tasks.sweep(service.work[1], service.clock)

    assert service.refusal(1) == OVER
    assert service.keycloak.shown == ["t"]


def test_no_row_tells_a_token_or_a_name(service: Service) -> None:
    service.process(0).renew("a-token-of-somebody")

    held = str(service.rows("string_agg(session_renewal::text, '')"))
    answer = bytes(service.rows("answer"))  # type: ignore[call-overload]  # a bytea

    assert b"a-token-of-somebody".hex() not in held
    assert b"a-token" not in answer
    assert "监控岗".encode() not in answer


def test_the_role_that_works_for_people_sees_no_row(service: Service) -> None:
    service.process(0).renew("t")
    scope = of_jurisdictions(["450100000"])

    with service.work[0].begin(scope) as session:
        seen = session.scalar(text("SELECT count(*) FROM session_renewal"))

    assert seen == 0
    with pytest.raises(ProgrammingError), service.work[0].begin(scope) as session:
        session.execute(
            text("INSERT INTO session_renewal VALUES ('', now(), '', now())")
        )


def test_an_answer_of_another_service_is_none(service: Service) -> None:
    service.process(0).renew("t")

    assert service.refusal(1, secret="x" * 32) == OVER
    assert service.keycloak.shown == ["t"]


def test_an_answer_somebody_wrote_by_hand_is_none(service: Service) -> None:
    service.process(0).renew("t")
    forged = SessionCodec([SECRET], service.clock).write_answer(b'{"roles": "all"}')
    with service.work[0].begin() as session:
        session.execute(text("UPDATE session_renewal SET answer = :a"), {"a": forged})

    assert service.refusal(1) == OVER


def test_without_the_database_nobody_is_asked_and_nobody_signed_out(
    service: Service,
) -> None:
    nowhere = f"postgresql+psycopg2://x@127.0.0.1:{embedded.free_port()}/x"
    away = UnitOfWork(connect(nowhere, PoolLimits(), application="test"))
    session = SessionCodec([SECRET], service.clock).open(PERSON)
    lone = Service(clock=service.clock, keycloak=service.keycloak, work=(away, away))
    renewals = Renewals(lone.process(0).renew, service.clock)

    service.clock.advance(CONFIRM_AFTER)
    assert renewals.confirm(session, "t") is None
    service.clock.advance(CONFIRM_BY - CONFIRM_AFTER)
    with pytest.raises(KuweiError) as refused:
        renewals.confirm(session, "t")

    assert refused.value.kind is Kind.UNAVAILABLE
    assert service.keycloak.shown == []


def test_an_answer_the_database_did_not_take_is_known_where_it_was_asked(
    service: Service, postgres: embedded.Postgres
) -> None:
    service.keycloak.while_asked = lambda: let_in(postgres, "false")

    found = service.process(0).renew("t")
    let_in(postgres, "true")

    assert found.refresh_token == "t+"
    assert service.rows("bool_and(answer IS NULL)") is True


def let_in(postgres: embedded.Postgres, allowed: str) -> None:
    """End every connection to the database and let none in, or let them in again."""
    postgres.server.psql(f"ALTER DATABASE {DATABASE} ALLOW_CONNECTIONS {allowed};")
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
    postgres.server.psql(f"{ended}'{DATABASE}';")
