"""Lists that stay quick however long they grow: their order is an index's."""

from __future__ import annotations

from typing import Any

import pytest
from full_node_lab import Full
from screening_lab import COUNTY
from sqlalchemy import event, text

from kuwei_node.search import store
from kuwei_node.search.domain import PaymentSearch
from kuwei_shared.identity.scope import of_jurisdictions
from kuwei_shared.kernel.pages import PageRequest

pytestmark = pytest.mark.integration


# Any: what the driver takes.
Asked = tuple[str, Any]


def plan_of_payments(full: Full, sort: str | None) -> str:
    """Return how the database reads a page of payments where it can avoid sorting."""
    asked: list[Asked] = []

    def listen(_conn: object, _cursor: object, sql: str, *rest: object) -> None:
        asked.append((sql, rest[0]))

    node, here = full.office.node, of_jurisdictions([COUNTY])
    with node.unit_of_work.begin(here) as session:
        session.execute(text("SET LOCAL enable_sort = off"))
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", listen)
        store.page(session, here, PaymentSearch(), PageRequest(sort=sort))
        event.remove(connection, "before_cursor_execute", listen)
        sql, values = next(one for one in asked if "ORDER BY p." in one[0])
        lines = connection.exec_driver_sql(f"EXPLAIN {sql}", values)
        return "\n".join(line for (line,) in lines)


@pytest.mark.parametrize("sort", [None, "vou_date", "-vou_date"])
def test_payments_by_day_are_read_from_the_index_and_not_sorted(
    full: Full, sort: str | None
) -> None:
    plan = plan_of_payments(full, sort)

    head = plan.split("SubPlan 1\n")[0]
    assert "vou_date_seq_idx" in head
    assert "Sort" not in head
