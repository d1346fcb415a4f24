"""Running totals are compared with the ledger, and mended, from the terminal."""

from __future__ import annotations

import embedded
import pytest
from audit_lab import Terminal
from screening_lab import ScreeningLab, effective, payment, rule
from sqlalchemy import create_engine

from kuwei_node import schema
from kuwei_node.audit.service import Audit
from kuwei_node.cli import verbs
from kuwei_node.payments.store import differences
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError

pytestmark = pytest.mark.integration
PROJECT = rule("P", "fact.project_paid > 150")
MONTHLY = rule("M", "fact.plan_used >= 100")
FALSE = {
    "a total too great": "UPDATE running_total SET amount = amount + 1"
    " WHERE key = 'P1'",
    "a total that is gone": "DELETE FROM running_total WHERE key = 'P2'",
    "a total of nothing": "INSERT INTO running_total VALUES ('P9', 1, 0, 'request', 5)",
    "all totals gone": "TRUNCATE running_total",
}


@pytest.fixture(scope="module")
def terminal(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Terminal:
    url, folder = postgres.create("totals_verbs"), tmp_path_factory.mktemp("node")
    engine = create_engine(url)
    schema.metadata().create_all(engine)
    lab = ScreeningLab(engine, effective(PROJECT, MONTHLY))
    lab.screen(*(payment(f"p{n}", pro_code=f"P{n % 3}") for n in range(7)))
    engine.dispose()
    settings = {"KUWEI_DATABASE_URL": url, "KUWEI_DATA_DIR": str(folder)}
    return Terminal(
        verbs=verbs, ledger=Audit(clock=SetClock()).ledger, settings=settings
    )


def test_totals_that_are_right_are_told_so(terminal: Terminal) -> None:
    result = terminal.type("totals", "check")

    assert result.exit_code == 0
    assert "累计数 2\tpro_code 不分期 pay_amt\t核对 3 行\t不符 0 行" in result.output
    assert "bgt_id 按月 pay_amt\t核对 1 行" in result.output
    assert result.output.endswith("累计数与支付明细相符\n")


@pytest.mark.parametrize("false", FALSE.values(), ids=FALSE)
def test_a_false_total_is_found_and_mended(terminal: Terminal, false: str) -> None:
    terminal.run(false)
    found = terminal.type("totals", "check")

    mended = terminal.type("totals", "rebuild")

    assert found.exit_code == 1
    assert mended.exit_code == 0
    assert terminal.type("totals", "check").exit_code == 0


def test_a_difference_is_shown_with_both_sums(terminal: Terminal) -> None:
    terminal.run("UPDATE running_total SET amount = 17 WHERE key = 'P1'")

    said = terminal.type("totals", "check").output

    assert "! P1 期 0 request:累计 17.00,明细 200.00" in said
    assert said.endswith("不符 1 行\n")
    terminal.do("totals", "rebuild")


def test_one_kind_is_mended_alone(terminal: Terminal) -> None:
    terminal.run("TRUNCATE running_total")

    terminal.do("totals", "rebuild", "--kind", "2")

    lines = terminal.type("totals", "check").output.splitlines()
    assert [line.split("\t")[-1] for line in lines if "核对" in line] == [
        "不符 1 行",
        "不符 0 行",
    ]
    terminal.do("totals", "rebuild")


def test_mending_goes_on_in_parts_until_nothing_differs(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(differences, "MENDED_MAX", 2)
    terminal.run("TRUNCATE running_total")

    said = terminal.type("totals", "rebuild", "--kind", "2").output

    assert said == "累计数 2:改正 3 行\n"
    terminal.do("totals", "rebuild")
    terminal.do("totals", "check")


def test_mending_stands_in_the_audit_log(terminal: Terminal) -> None:
    terminal.do("totals", "rebuild", "--kind", "1")

    assert terminal.acts()[-1] == ("重算累计数", "1")
    assert terminal.fault() is None


def test_a_kind_nobody_keeps_is_refused(terminal: Terminal) -> None:
    result = terminal.type("totals", "rebuild", "--kind", "99")

    assert isinstance(result.exception, KuweiError)
    assert result.exception.code == "totals.unknown"


def test_the_whole_log_is_checked_and_a_change_is_found(terminal: Terminal) -> None:
    terminal.do("totals", "rebuild", "--kind", "1")

    whole = terminal.type("audit", "check")
    tampered = "UPDATE audit_entry SET about = 'x' WHERE seq = 1"
    terminal.run(f"ALTER TABLE audit_entry DISABLE TRIGGER USER; {tampered}")

    broken = terminal.type("audit", "check")

    assert whole.exit_code == 0
    assert "条记录前后相连,末条摘要" in whole.output
    assert isinstance(broken.exception, KuweiError)
    assert "第 1 条" in broken.exception.message
