"""Running totals say what the ledger says, whatever happened to its payments."""

from __future__ import annotations

import pytest
from facts_lab import fact_rules, year_of_payments
from ledger_lab import MINE, drift
from screening_lab import REVIEWER, ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text

from kuwei_node.payments.store import totals
from kuwei_shared.rules.model import Severity
from kuwei_shared.rules.running import total_of, total_said

pytestmark = pytest.mark.integration
HELD = rule("H", "pay_amt >= 5000", severity=Severity.RED)
USED = rule("U", "pay_amt + fact.bgt_used > 1000", severity=Severity.GREY)
PROJECT = rule("P", "fact.project_paid > 150")
MONTHLY = rule("M", "fact.plan_used >= 100")


def letters(lab: ScreeningLab, payment_id: str) -> str:
    with lab.begin() as session:
        question = text(
            "SELECT outcomes FROM screening s JOIN payment p ON p.seq = s.payment_seq"
            " WHERE payment_id = :id"
        )
        return str(session.execute(question, {"id": payment_id}).scalar_one())


def test_totals_equal_the_ledger_after_a_year(engine: Engine) -> None:
    lab = ScreeningLab(engine, fact_rules())
    rows = year_of_payments(160, 3)
    for at in range(0, 160, 32):
        lab.screen(*rows[at : at + 32])

    assert lab.count("running_total") > 20
    assert drift(lab) == []


def test_a_refused_payment_is_in_no_total(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(USED))
    rows = [payment(str(n), pay_amt="400.00") for n in range(4)]

    assert lab.screen(*rows) == ["pass", "pass", "reject", "reject"]

    assert drift(lab) == []
    assert lab.screen(payment("last", pay_amt="200.00")) == ["pass"]


def test_refusing_a_held_payment_takes_it_out(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(HELD, USED, PROJECT))
    lab.catalogues.now = effective(HELD, PROJECT)
    lab.screen(payment("a", pay_amt="6000.00", pro_code="P1"))
    with lab.begin() as session:
        lab.holds.refuse(session, MINE, 1, by=REVIEWER, reason="合同未签订")

    assert drift(lab) == []
    lab.screen(payment("b", pro_code="P1"))
    assert letters(lab, "b") == "00"


def test_a_reversal_in_part_leaves_the_rest_in(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(HELD, USED))
    lab.catalogues.now = effective(HELD, PROJECT)
    lab.screen(payment("a", pay_amt="6000.00", pro_code="P1"))
    back = {"entry_kind": "reversal", "orig_payment_id": "a", "pay_amt": "-1000.00"}
    lab.screen(payment("b", pro_code="P1", **back))
    assert drift(lab) == []

    with lab.begin() as session:
        lab.holds.refuse(session, MINE, 1, by=REVIEWER, reason="合同未签订")

    assert drift(lab) == []


def test_a_total_begun_later_holds_what_came_before(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(HELD))
    lab.screen(payment("a", pro_code="P1"))
    assert lab.count("running_total_kind") == 0

    lab.catalogues.now = effective(PROJECT, release="later")
    lab.screen(payment("b", pro_code="P1"))

    assert letters(lab, "b") == "1"
    assert drift(lab) == []


def test_a_total_another_process_began_is_kept_here_too(engine: Engine) -> None:
    here = ScreeningLab(engine, effective(PROJECT))
    here.screen(payment("a", pro_code="P1"))
    elsewhere = ScreeningLab(engine, effective(PROJECT, MONTHLY, release="later"))
    elsewhere.screen(payment("b", pro_code="P1"))

    here.screen(payment("c", pro_code="P2", vou_date="2026-04-01"))

    assert drift(here) == []
    elsewhere.screen(payment("d", vou_date="2026-04-02"))
    assert letters(elsewhere, "d") == "1?"


def test_a_total_begun_by_a_screening_that_was_undone_is_right(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(PROJECT))
    with lab.begin() as session:
        lab.screening.screen(session, [payment("a", pro_code="P1")])
        session.rollback()

    lab.screen(payment("b", pro_code="P1"), payment("c", pro_code="P1"))

    assert letters(lab, "c") == "1"
    assert drift(lab) == []


def test_beyond_the_most_kinds_facts_are_added_up(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals, "KINDS_MAX", 0)
    lab = ScreeningLab(engine, effective(PROJECT))
    lab.screen(payment("a", pro_code="P1"))

    lab.screen(payment("b", pro_code="P1"))

    assert letters(lab, "b") == "1"
    assert lab.count("running_total") == 0


def test_a_kind_is_read_back_as_it_was_written(engine: Engine) -> None:
    wanted = fact_rules().realtime.totals
    lab = ScreeningLab(engine, fact_rules())
    with lab.begin() as session:
        lab.ledger.begin_totals(session, wanted)

        kept = totals.kinds(session)

    assert set(kept) == set(wanted)
    assert all(total_of(total_said(total.text).fact) == total for total in wanted)
    assert all(isinstance(number, int) for number in kept.values())


def test_a_payment_that_names_itself_leaves_its_totals_whole(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(HELD, PROJECT))
    lab.screen(payment("a", pay_amt="6000.00", pro_code="P1", orig_payment_id="a"))
    with lab.begin() as session:
        lab.holds.refuse(session, MINE, 1, by=REVIEWER, reason="合同未签订")

    assert drift(lab) == []


def test_a_refused_payment_is_judged_alike_alone_in_a_batch_and_again(
    engine: Engine,
) -> None:
    grey = rule("G", "fact.project_paid > 150", severity=Severity.GREY)
    lab = ScreeningLab(engine, effective(grey, PROJECT))
    lab.screen(payment("a", pro_code="P1"))
    assert lab.screen(payment("b", pro_code="P1")) == ["reject"]
    pair = [payment(one, pro_code="P2") for one in ("c", "d")]
    assert lab.screen(*pair) == ["pass", "reject"]

    with lab.begin() as session:
        pairs = lab.screening.rescreen(session, [2, 4])

    assert letters(lab, "b") == letters(lab, "d") == "11"
    assert all(kept.outcomes == judged.outcomes for kept, judged in pairs)
