"""Refused reference rows stand behind the wall of the bureau whose file held them."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
import web_lab
from node_site_lab import COUNTY
from post_lab import ELSEWHERE, Office
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from kuwei_node.reference.service import Delivery, Refused
from kuwei_shared.db import row_security
from kuwei_shared.identity.scope import of_jurisdictions

pytestmark = pytest.mark.integration
NO_ROWS = pa.table({"line": pa.array([], pa.int64())})


@pytest.fixture
def session(office: Office) -> Iterator[Session]:
    """Return a transaction, undone, in which two bureaus had a row refused."""
    with office.node.unit_of_work.begin() as session:
        for code in (COUNTY, ELSEWHERE):
            bad = Refused(line=2, raw=code, reason="field.money", field="x")
            given = Delivery(
                entity="agency",
                source="单位.csv",
                by="test",
                batches=[(NO_ROWS, [bad])],
                mof_div_code=code,
            )
            office.node.reference.load(session, given)
        yield session
        session.rollback()


def seen(session: Session, *codes: str) -> set[str]:
    row_security.enter(session, of_jurisdictions(codes), web_lab.ROLE)
    return set(session.execute(text("SELECT raw FROM reference_reject")).scalars())


def test_a_refused_reference_row_is_seen_by_its_own_bureau_alone(
    session: Session,
) -> None:
    assert seen(session, COUNTY) == {COUNTY}
    assert seen(session, ELSEWHERE) == {ELSEWHERE}
    assert seen(session) == set()


def test_a_refused_reference_row_cannot_be_moved(session: Session) -> None:
    moving = text("UPDATE reference_reject SET mof_div_code = :code")
    row_security.enter(session, of_jurisdictions([COUNTY]), web_lab.ROLE)

    with pytest.raises(DatabaseError, match="row-level security"):
        session.execute(moving, {"code": ELSEWHERE})
