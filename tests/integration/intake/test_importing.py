"""Importing files end to end into PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from intake_desk import Desk
from pace import wait_until
from sqlalchemy import text

from kuwei_node.intake import tasks
from kuwei_node.intake.domain.progress import State
from kuwei_node.intake.domain.rows import BATCH_ROWS
from kuwei_node.intake.tasks import GROUP_ROWS, run_import
from kuwei_shared.identity import scope
from kuwei_shared.kernel.errors import KuweiError

pytestmark = pytest.mark.integration

Write = Callable[..., Path]
SAME_UNDER_ANOTHER_UNIT = (
    "INSERT INTO payment (seq, received_at, payment_id, stage, entry_kind,"
    " mof_div_code, fiscal_year, vou_date, agency_code, pay_amt)"
    " VALUES (nextval('payment_seq'), now(), 'P3', 'voucher', 'normal', '450102000',"
    " 2026, '2026-03-05', 'B001', 8)"
)
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event = 'transactionid'"
)


def test_an_imported_row_is_a_payment_that_was_screened(
    desk: Desk, standard: Write
) -> None:
    state, progress = desk.run("standard", standard("1.00", "2.50"))

    assert state is State.DONE
    assert (progress.accepted, progress.rejected) == (2, 0)
    assert desk.screened.count == 2
    assert desk.column("SELECT pay_amt FROM payment ORDER BY seq") == [
        Decimal("1.00"),
        Decimal("2.50"),
    ]


def test_importing_a_file_again_does_nothing(desk: Desk, standard: Write) -> None:
    path = standard("1.00", "2.50")
    desk.run("standard", path)

    state, progress = desk.run("standard", path)

    assert state is State.DONE
    assert progress.accepted == 2
    assert desk.screened.count == 2
    assert desk.column("SELECT count(*) FROM payment") == [2]


def test_the_same_payments_in_another_file_are_left_alone(
    desk: Desk, standard: Write
) -> None:
    desk.run("standard", standard("1.00"))

    _, progress = desk.run("standard", standard("1.00", "9.00", name="补充.csv"))

    assert (progress.accepted, progress.present) == (2, 1)
    assert progress.present_pay_amt == Decimal("1.00")
    assert desk.column("SELECT count(*) FROM payment") == [2]


def test_a_payment_that_comes_back_changed_is_refused(
    desk: Desk, standard: Write
) -> None:
    desk.run("standard", standard("1.00"))

    _, progress = desk.run("standard", standard("7.00", name="改.csv"))

    [reject] = desk.rejects(progress.heading.id)
    assert reject.reason == "row.differs"
    assert desk.column("SELECT pay_amt FROM payment") == [Decimal("1.00")]


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [
        ("use_des", "办公用品", "招待费"),
        ("payee_acct_name", "甲公司", "乙公司"),
        ("contract_no", "", "HT-1"),
        ("xpay_amt", "1.00", ""),
        ("person_cnt", "3", "4"),
    ],
)
def test_a_payment_that_comes_back_with_any_field_changed_is_refused(
    desk: Desk, standard: Write, field: str, before: str, after: str
) -> None:
    desk.run("standard", standard("1.00", **{field: before}))

    _, progress = desk.run(
        "standard", standard("1.00", name="改.csv", **{field: after})
    )

    [reject] = desk.rejects(progress.heading.id)
    assert (reject.reason, progress.accepted) == ("row.differs", 0)
    assert desk.column("SELECT count(*) FROM payment") == [1]


def test_a_refused_row_is_kept_with_its_place_text_and_remedy(
    desk: Desk, standard: Write
) -> None:
    _, progress = desk.run("standard", standard("1.00", "壹元"))

    [reject] = desk.rejects(progress.heading.id)
    assert (reject.file, reject.line, reject.reason) == ("支付.csv", 3, "field.money")
    assert "壹元" in reject.raw
    assert "支付金额" in reject.remedy
    assert progress.accepted == 1


def test_a_key_twice_in_one_file_is_stored_once(desk: Desk, standard: Write) -> None:
    path = standard("1.00", "2.00", payment_id="同")

    _, progress = desk.run("standard", path)

    [reject] = desk.rejects(progress.heading.id)
    assert (reject.line, reject.reason) == (3, "row.repeated")
    assert desk.column("SELECT pay_amt FROM payment") == [Decimal("1.00")]


def test_rows_of_another_bureau_are_refused(desk: Desk, standard: Write) -> None:
    _, progress = desk.run("standard", standard("1.00", mof_div_code="450303000"))

    [reject] = desk.rejects(progress.heading.id)
    assert reject.reason == "row.elsewhere"
    assert desk.column("SELECT count(*) FROM payment") == [0]


def test_an_interrupted_import_goes_on_where_it_stopped(
    desk: Desk, standard: Write
) -> None:
    amounts = [f"{n}.00" for n in range(1, GROUP_ROWS + 5_001)]
    import_id = desk.start("standard", standard(*amounts))
    desk.screened.fails_at = 2

    with pytest.raises(ConnectionError):
        run_import(desk.unit_of_work, desk.intake, import_id)
    half = desk.column("SELECT count(*) FROM payment")
    state = run_import(desk.unit_of_work, desk.intake, import_id)

    assert half == [BATCH_ROWS]
    assert state is State.DONE
    assert desk.column("SELECT count(*) FROM payment") == [GROUP_ROWS + 5_000]
    assert desk.screened.count == GROUP_ROWS + 5_000


def test_what_is_staged_too_long_is_staged_again(
    desk: Desk, standard: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "STAGED_S", 0.0)
    monkeypatch.setattr(tasks, "GROUP_ROWS", 10_000)
    amounts = [f"{n}.00" for n in range(1, 30_001)]

    state, _ = desk.run("standard", standard(*amounts))

    assert state is State.DONE
    assert desk.column("SELECT count(*) FROM payment") == [30_000]
    assert desk.column(
        "SELECT array_agg(pay_amt ORDER BY seq) = array_agg(pay_amt"
        " ORDER BY pay_amt) FROM payment"
    ) == [True]


def test_an_unreadable_file_fails_alone(
    desk: Desk, standard: Write, tmp_path: Path
) -> None:
    broken = tmp_path / "坏.parquet"
    broken.write_bytes(b"PAR1 nothing")

    state, progress = desk.run("standard", broken, standard("1.00"))

    assert state is State.FAILED
    assert progress.accepted == 1
    [message] = desk.column("SELECT message FROM intake_file WHERE state = 'failed'")
    assert "坏" in str(message)


def test_a_file_without_needed_columns_says_which(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("foo,bar\n1,2\n", "utf-8")

    state, _ = desk.run("standard", path)

    assert state is State.FAILED
    [message] = desk.column("SELECT message FROM intake_file")
    assert "payment_id" in str(message)
    assert "foo" in str(message)


def test_an_import_of_another_bureau_is_not_shown(desk: Desk, standard: Write) -> None:
    import_id = desk.start("standard", standard("1.00"))
    other = scope.of_jurisdictions(["450303000"])

    with (
        desk.unit_of_work.begin() as session,
        pytest.raises(KuweiError, match=r"intake\.unknown"),
    ):
        desk.intake.progress(session, other, import_id)


def test_declared_totals_that_are_not_met_are_told(desk: Desk, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    report.write_text(
        "DDODESC,DM.MAJ.SM.MIN.SMN.BUD.VC.PN.SOE,VoucherBillNO,"
        "BILLS,GROSS,AGDED,BTDED,NETPAYMENT\n"
        "Grand Total, , ,1,100,0,0,100\n"
        "KNG01-001-UNIT,Total, ,1,90,0,0,90\n"
        " ,20-2515-00-102-01-S00N-V-N-01-SALARIES,Total,1,90,0,0,90\n"
        ' , ,"[TRVch# 1 Dt:29/04/2017] , Billno-B1",1,90,0,0,90\n',
        "utf-8",
    )

    state, progress = desk.run("himachal", report)

    assert state is State.DIFFERS
    [reject] = desk.rejects(progress.heading.id)
    assert reject.reason == "report.subtotal"


def test_a_payment_that_comes_in_elsewhere_meanwhile_is_told_apart_and_kept_once(
    desk: Desk, standard: Write
) -> None:
    desk.run("standard", standard("1.00"))
    elsewhere = desk.unit_of_work.engine.connect()
    elsewhere.execute(text(SAME_UNDER_ANOTHER_UNIT))

    with ThreadPoolExecutor(1) as pool:
        file = standard("1.00", "9.00", "7.00", name="后到.csv")
        coming = pool.submit(desk.run, "standard", file)
        wait_until(lambda: desk.column(WAITING) == [1], "the import meets the other")
        elsewhere.commit()
        _, progress = coming.result()

    elsewhere.close()
    [reject] = desk.rejects(progress.heading.id)
    assert (reject.line, reject.reason) == (4, "row.differs")
    assert (progress.accepted, progress.present, desk.screened.count) == (2, 1, 2)
    assert desk.column("SELECT count(*) FROM payment WHERE payment_id = 'P3'") == [1]
