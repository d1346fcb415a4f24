"""Row-level security refusing at a node's own tables where a query forgot its scope."""

from __future__ import annotations

import re

import pytest
from node_site_lab import held_payment
from post_lab import ELSEWHERE, REASON, Office
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from kuwei_node import schema
from kuwei_shared.db.row_security import COLUMN
from kuwei_shared.identity.roles import Role
from kuwei_shared.identity.scope import of_jurisdictions

pytestmark = pytest.mark.integration

TABLES = schema.metadata().tables
WALLED = sorted(name for name, table in TABLES.items() if COLUMN in table.columns)
HEAD = "支付主键,支付环节,记录性质,财政区划代码,预算年度,业务日期,预算单位代码,支付金额"
ROW = "O-file,voucher,normal,450102000,2026,2026-04-01,103001,120.50"
FILLED = ("payment", "hit", "hold", "alert", "jurisdiction")


def count(office: Office, table: str, *codes: str) -> int:
    with office.node.unit_of_work.begin(of_jurisdictions(codes)) as session:
        rows = select(func.count()).select_from(TABLES[table])
        return int(session.execute(rows).scalar_one())


@pytest.mark.parametrize("table", FILLED)
def test_the_bureau_itself_finds_its_rows(office: Office, table: str) -> None:
    assert count(office, table, "450102000") > 0


@pytest.mark.parametrize("table", WALLED)
def test_a_query_that_forgot_its_scope_finds_nothing_of_another_bureau(
    office: Office, table: str
) -> None:
    assert count(office, table, ELSEWHERE) == 0


def test_rows_cannot_be_moved_to_another_bureau(office: Office) -> None:
    moving = text("UPDATE hold SET mof_div_code = :code")
    inside = of_jurisdictions(["450102000"])

    with (
        pytest.raises(DatabaseError, match="row-level security"),
        office.node.unit_of_work.begin(inside) as session,
    ):
        session.execute(moving, {"code": ELSEWHERE})


@pytest.mark.parametrize(
    "act",
    [
        *("DROP TABLE hold", "TRUNCATE audit_entry", "DELETE FROM audit_entry"),
        "ALTER TABLE hit DISABLE ROW LEVEL SECURITY",
    ],
)
def test_a_request_lays_no_hand_on_the_tables_or_the_log(
    office: Office, act: str
) -> None:
    inside = of_jurisdictions(["450102000"])

    with (
        pytest.raises(DatabaseError, match=r"must be owner|permission denied|append"),
        office.node.unit_of_work.begin(inside) as session,
    ):
        session.execute(text(act))


def test_payments_of_a_known_year_are_screened_behind_the_wall(office: Office) -> None:
    decisions = office.arrive(held_payment("O-wall"))

    assert decisions == ["hold"]
    assert "O-wall" in office.read("/payments?number=O-wall", Role.MONITOR).text


def test_the_first_payment_of_a_budget_year_is_screened_behind_the_wall(
    office: Office,
) -> None:
    row = held_payment("O-new-year", fiscal_year=2031, vou_date="2031-01-02")

    decisions = office.arrive(row)

    assert decisions == ["hold"]
    assert count(office, "payment", ELSEWHERE) == 0


def test_a_payment_of_another_bureau_does_not_pass_the_wall(office: Office) -> None:
    foreign = held_payment("O-foreign", mof_div_code=ELSEWHERE)

    with pytest.raises(InsufficientPrivilege, match="row-level security"):
        office.arrive(foreign)


def test_a_whole_change_of_a_parameter_works_behind_the_wall(office: Office) -> None:
    form = {"param": "floor", "value": "5000", "reason": REASON}
    with office.post(Role.RULE_DRAFTER) as browser:
        browser.post("/rules/A0109/proposals", data=form)
    with office.post(Role.RULE_APPROVER) as browser:
        waiting = browser.get("/rules/proposals?state=waiting").text
        found = re.search(r"/rules/proposals/\d+/approve", waiting)
        assert found is not None
        done = browser.post(found[0], data={"note": REASON}).text

    assert "已批准" in done
    assert "本级已调整" in office.read("/rules/A0109", Role.MONITOR).text


def test_an_import_is_handed_in_and_run_behind_the_wall(office: Office) -> None:
    file = {"file": ("四月.csv", f"{HEAD}\n{ROW}\n".encode("gb18030"), "text/csv")}

    with office.post(Role.DATA_STEWARD) as browser:
        browser.post("/imports", data={"profile": "standard"}, files=file)
        ran = office.run_imports()
        page = browser.get("/imports?state=done").text

    assert ran >= 1
    assert "已完成" in page
    assert "O-file" in office.read("/payments?number=O-file", Role.MONITOR).text
