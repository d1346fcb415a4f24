"""The audit log on a real database: it links, it refuses change, it is searched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import embedded
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kuwei_hub.audit.models import AuditEntry
from kuwei_hub.audit.service import Audit
from kuwei_shared.audit.ledger import AuditSearch
from kuwei_shared.identity.principal import Principal, Subject
from kuwei_shared.identity.roles import Role
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.pages import PageRequest
from kuwei_shared.web import auditing
from kuwei_shared.web.tables import TableAsk

pytestmark = pytest.mark.integration

REVIEWER = Principal(
    subject=Subject("450102-reviewer"),
    name="兴宁区 复核岗",
    roles=frozenset({Role.REVIEWER}),
    jurisdictions=(),
)


@pytest.fixture(scope="module")
def engine(postgres: embedded.Postgres) -> Iterator[Engine]:
    found = create_engine(postgres.create("audit_log"))
    table = AuditEntry.metadata.tables["audit_entry"]
    AuditEntry.metadata.create_all(found, tables=[table])
    yield found
    found.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with engine.connect() as connection, Session(connection) as found:
        yield found
        found.rollback()


@pytest.fixture
def audit() -> Audit:
    return Audit(clock=SetClock())


def test_acts_of_one_transaction_are_linked(session: Session, audit: Audit) -> None:
    for number in range(3):
        audit.record(session, REVIEWER, "放行", f"支付 {number}", {"n": number})

    whole, part = audit.ledger.check(session), audit.ledger.check(session, most=2)
    assert (whole.fault, part.fault) == (None, None)
    assert (part.first, part.last) == (whole.last - 1, whole.last)
    assert (whole.first, part.digest) == (1, whole.digest)


def test_a_change_behind_the_applications_back_is_found(
    session: Session, audit: Audit
) -> None:
    for number in range(3):
        audit.record(session, REVIEWER, "放行", f"支付 {number}", {})
    session.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))
    session.execute(text("UPDATE audit_entry SET about = '支付 9' WHERE seq = 2"))
    session.expire_all()

    assert audit.ledger.check(session).fault == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET act = ''",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
    ],
)
def test_the_database_refuses_to_change_the_log(
    session: Session, audit: Audit, statement: str
) -> None:
    audit.record(session, REVIEWER, "放行", "支付 1", {})

    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(statement))


def test_the_log_is_searched_newest_first(session: Session, audit: Audit) -> None:
    audit.record(session, REVIEWER, "放行", "支付 1", {})
    audit.record(session, REVIEWER, "拒绝", "支付 2", {})
    search = AuditSearch(actor="复核", about="支付")

    page = audit.ledger.page(session, search, PageRequest(size=1))

    assert page.total == 2
    assert page.rows[0].act == "拒绝"
    assert sorted(audit.ledger.acts(session)) == ["拒绝", "放行"]


def test_what_is_written_between_two_pages_moves_none_of_them(
    session: Session, audit: Audit
) -> None:
    for number in range(4):
        audit.record(session, REVIEWER, "放行", f"支付 {number}", {})
    read = auditing.pages(audit.ledger, session)
    halves = [PageRequest(number=number, size=2, sort="-seq") for number in (1, 2)]

    first = read(TableAsk(page=halves[0], filters={}))
    audit.record(session, REVIEWER, "拒绝", "支付 4", {})
    second = read(TableAsk(page=halves[1], filters={}))

    assert [row.seq for row in (*first.rows, *second.rows)] == [4, 3, 2, 1]
    assert (first.total, second.total) == (4, 4)


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (None, None, [2, 1]),
        ("2026-03-06", None, [2]),
        (None, "2026-03-05", [1]),
        ("2026-03-05", "2026-03-06", [2, 1]),
        ("2026-03-07", None, []),
        (None, "9999-12-31", [2, 1]),
        ("0001-01-01", "0001-01-01", []),
    ],
)
def test_the_log_is_searched_by_days_of_beijing(
    session: Session, since: str | None, until: str | None, found: list[int]
) -> None:
    eve = dt.datetime(2026, 3, 5, 15, 59, 59, tzinfo=dt.UTC)
    for moment in (eve, eve + dt.timedelta(seconds=1)):
        Audit(clock=SetClock(moment)).record(session, REVIEWER, "放行", "支付 1", {})
    days = {"since": since, "until": until}
    filters = {name: day for name, day in days.items() if day}

    read = auditing.pages(Audit(clock=SetClock()).ledger, session)
    page = read(TableAsk(page=PageRequest(), filters=filters))

    assert [row.seq for row in page.rows] == found


def test_a_percent_sign_is_looked_for_as_itself(session: Session, audit: Audit) -> None:
    audit.record(session, REVIEWER, "放行", "支付 1", {})

    page = audit.ledger.page(session, AuditSearch(about="%"), PageRequest())

    assert page.total == 0
