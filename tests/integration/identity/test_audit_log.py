"""The audit log on a real database: it links, it refuses change, it is searched."""

from __future__ import annotations

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

    assert audit.ledger.fault(session) is None
    assert audit.ledger.fault(session, last=2) is None


def test_a_change_behind_the_applications_back_is_found(
    session: Session, audit: Audit
) -> None:
    for number in range(3):
        audit.record(session, REVIEWER, "放行", f"支付 {number}", {})
    session.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))
    session.execute(text("UPDATE audit_entry SET about = '支付 9' WHERE seq = 2"))
    session.expire_all()

    assert audit.ledger.fault(session) == 2


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


def test_a_percent_sign_is_looked_for_as_itself(session: Session, audit: Audit) -> None:
    audit.record(session, REVIEWER, "放行", "支付 1", {})

    page = audit.ledger.page(session, AuditSearch(about="%"), PageRequest())

    assert page.total == 0
