"""Refused reference rows stand behind the wall of the bureau whose file held them."""

from __future__ import annotations

import pyarrow as pa
import pytest
from node_site_lab import COUNTY
from post_lab import ELSEWHERE, Office
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from kuwei_node.reference.service import Delivery, Refused
from kuwei_shared.identity.scope import of_jurisdictions

pytestmark = pytest.mark.integration
NO_ROWS = pa.table({"line": pa.array([], pa.int64())})
UNSCOPED = text("SELECT raw FROM reference_reject WHERE raw LIKE 'wall:%'")


def hand_in(office: Office, code: str) -> None:
    """Load a file of a bureau in which one row is refused."""
    bad = Refused(line=2, raw=f"wall:{code}", reason="field.money", field="x")
    given = Delivery(
        entity="agency",
        source="单位.csv",
        by="test",
        batches=[(NO_ROWS, [bad])],
        mof_div_code=code,
    )
    with office.node.unit_of_work.begin() as session:
        office.node.reference.load(session, given)


def seen(office: Office, *codes: str) -> set[str]:
    with office.node.unit_of_work.begin(of_jurisdictions(codes)) as session:
        return set(session.execute(UNSCOPED).scalars())


def test_a_refused_reference_row_is_seen_by_its_own_bureau_alone(
    office: Office,
) -> None:
    hand_in(office, COUNTY)
    hand_in(office, ELSEWHERE)

    assert seen(office, COUNTY) == {f"wall:{COUNTY}"}
    assert seen(office, ELSEWHERE) == {f"wall:{ELSEWHERE}"}
    assert seen(office) == set()


def test_a_refused_reference_row_cannot_be_moved(office: Office) -> None:
    hand_in(office, COUNTY)
    moving = text("UPDATE reference_reject SET mof_div_code = :code")
    inside = of_jurisdictions([COUNTY])

    with (
        pytest.raises(DatabaseError, match="row-level security"),
        office.node.unit_of_work.begin(inside) as session,
    ):
        session.execute(moving, {"code": ELSEWHERE})
