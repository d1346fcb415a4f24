import pytest
from screening_lab import (
    COUNTY,
    REVIEWER,
    ScreeningLab,
    effective,
    money,
    payment,
    rule,
)
from sqlalchemy import Engine

from kuwei_node.brake.service import tripped
from kuwei_shared.identity import scope
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.model import Policy, Severity, Status

LARGE = rule("R1", "pay_amt >= param.limit", params=money("limit", "1000"))
HOLDING = rule("R2", "pay_amt >= 5000", severity=Severity.RED)
REFUSING = rule("R3", "pay_amt >= 9000", severity=Severity.GREY)
BUDGET = rule(
    "R4",
    "pay_amt + fact.bgt_used > appropriation.amount",
    requires=("bgt_id", "appropriation.amount"),
    severity=Severity.GREY,
)


def test_the_strongest_hit_decides(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(LARGE, HOLDING, REFUSING))

    decisions = lab.screen(
        payment("a", pay_amt="999.99"),
        payment("b", pay_amt="1000.00"),
        payment("c", pay_amt="5000.00"),
        payment("d", pay_amt="9000.00"),
    )

    assert decisions == ["pass", "pass", "hold", "reject"]
    assert lab.count("hit") == 6
    assert lab.count("alert") == 6


def test_an_answer_explains_its_hits(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(LARGE))

    with lab.begin() as session:
        (answer,) = lab.screening.screen(session, [payment("a", pay_amt="1234567.80")])

    assert [hit.explanation for hit in answer.hits] == ["支付 1,234,567.80 元。"]
    assert answer.release == "test"


def test_the_same_payment_twice_gets_the_same_answer_once(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(LARGE, HOLDING))
    row = payment("a", pay_amt="6000.00")

    with lab.begin() as session:
        first = lab.screening.screen(session, [row])
    with lab.begin() as session:
        again = lab.screening.screen(session, [row, row])

    assert {one.seq for one in again} == {first[0].seq}
    assert all(one.is_repeat and one.hits == first[0].hits for one in again)
    assert (lab.count("payment"), lab.count("hold"), lab.count("alert")) == (1, 1, 2)


def test_the_same_id_with_other_content_is_refused(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(LARGE))
    lab.screen(payment("a", pay_amt="10.00"))

    with pytest.raises(KuweiError, match=r"payment\.conflict"):
        lab.screen(payment("a", pay_amt="10.01"), payment("b"))

    assert lab.count("payment") == 1


def test_a_missing_reference_is_undetermined_and_obeys_on_missing(
    engine: Engine,
) -> None:
    strict = rule("R9", BUDGET.when, requires=BUDGET.requires, on_missing=Policy.HOLD)
    lab = ScreeningLab(engine, effective(BUDGET, strict))

    with lab.begin() as session:
        (answer,) = lab.screening.screen(session, [payment("a")])

    assert answer.undetermined == ("R4", "R9")
    assert answer.decision == "hold"


def test_a_trial_rule_records_but_never_stops(engine: Engine) -> None:
    lab = ScreeningLab(
        engine,
        effective(
            rule("T", "pay_amt > 0", status=Status.TRIAL, severity=Severity.GREY)
        ),
    )

    decisions = lab.screen(payment("a"))

    assert decisions == ["pass"]
    assert (lab.count("hit"), lab.count("alert")) == (1, 0)


def test_payments_of_one_request_are_judged_as_if_one_by_one(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(BUDGET))
    lab.appropriate("B1", "100.00")
    amounts = ["60.00", "50.00", "40.00", "1.00", "0.01"]

    decisions = lab.screen(
        *(payment(f"p{n}", pay_amt=amount) for n, amount in enumerate(amounts))
    )

    assert decisions == ["pass", "reject", "pass", "reject", "reject"]


def test_a_rule_beyond_its_stage_does_not_apply(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(rule("S", "pay_amt > 0", stages=("voucher",))))

    with lab.begin() as session:
        lab.screening.screen(session, [payment("a"), payment("a", stage="voucher")])

    assert lab.count("hit") == 1


def test_money_that_has_moved_is_not_held(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(HOLDING))

    decisions = lab.screen(payment("a", stage="receipt", pay_amt="6000.00"))

    assert decisions == ["pass"]
    assert (lab.count("hold"), lab.count("alert")) == (0, 1)


def test_a_voucher_follows_its_refused_request(engine: Engine) -> None:
    refusing = rule("Q", "pay_amt >= 9000", stages=("request",), severity=Severity.GREY)
    lab = ScreeningLab(engine, effective(refusing))
    lab.screen(payment("a", pay_amt="9000.00"))

    decisions = lab.screen(payment("a", stage="voucher", pay_amt="9000.00"))

    assert decisions == ["reject"]


def test_a_refused_hold_gives_back_what_it_reserved(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(HOLDING, BUDGET))
    lab.appropriate("B1", "6000.00")
    lab.screen(payment("held", pay_amt="6000.00"))
    blocked = lab.screen(payment("blocked", pay_amt="1.00"))

    with lab.begin() as session:
        mine = scope.of_jurisdictions([COUNTY])
        lab.holds.refuse(session, mine, 1, by=REVIEWER, reason="合同未签订")

    assert blocked == ["reject"]
    assert lab.screen(payment("after", pay_amt="1.00")) == ["pass"]


def test_a_hold_is_decided_once_and_only_inside_scope(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(HOLDING))
    lab.screen(payment("held", pay_amt="6000.00"))
    mine, other = (scope.of_jurisdictions([c]) for c in (COUNTY, "450303000"))
    with lab.begin() as session, pytest.raises(KuweiError, match=r"hold\.missing"):
        lab.holds.release(session, other, 1, by=REVIEWER, reason="已电话核实")
    with lab.begin() as session:
        lab.holds.release(session, mine, 1, by=REVIEWER, reason="已电话核实")

    with lab.begin() as session, pytest.raises(KuweiError, match=r"hold\.decided"):
        lab.holds.refuse(session, mine, 1, by=REVIEWER, reason="改变主意")


def test_a_runaway_rule_trips_once_and_is_named(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(HOLDING))

    for number in range(8):
        lab.screen(payment(f"p{number}", pay_amt="6000.00"))

    with lab.begin() as session:
        assert tripped(session) == {"R2"}
        assert lab.catalogues.moves == 1
        assert [one.stopped_count for one in lab.brakes.open_trips(session)] == [5]


def test_a_voucher_in_the_batch_of_its_held_request_is_held(engine: Engine) -> None:
    holding = rule("Q", "pay_amt >= 9000", stages=("request",), severity=Severity.RED)
    lab = ScreeningLab(engine, effective(holding))

    decisions = lab.screen(
        payment("a", stage="voucher", pay_amt="9000.00"),
        payment("a", pay_amt="9000.00"),
    )

    assert decisions == ["hold", "hold"]


def test_a_repeat_tells_what_became_of_the_hold(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(HOLDING))
    held = payment("held", pay_amt="6000.00")
    lab.screen(held)
    with lab.begin() as session:
        mine = scope.of_jurisdictions([COUNTY])
        lab.holds.release(session, mine, 1, by=REVIEWER, reason="已电话核实")

    with lab.begin() as session:
        (again,) = lab.screening.screen(session, [held])

    assert (again.decision, again.standing) == ("hold", "released")


def test_a_repeat_says_again_why_it_was_stopped(engine: Engine) -> None:
    refusing = rule("Q", "pay_amt >= 9000", stages=("request",), severity=Severity.GREY)
    lab = ScreeningLab(engine, effective(refusing))
    voucher = payment("a", stage="voucher", pay_amt="9000.00")
    lab.screen(payment("a", pay_amt="9000.00"), voucher)

    with lab.begin() as session:
        (again,) = lab.screening.screen(session, [voucher])

    assert again.because == "该笔支付的申请已被拒付。"


def test_the_same_id_in_another_budget_year_is_refused(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(LARGE))
    lab.screen(payment("a"))

    with pytest.raises(KuweiError, match=r"payment\.conflict"):
        lab.screen(payment("a", fiscal_year=2027, vou_date="2027-01-05"))


def test_payments_of_one_day_are_judged_in_the_order_given(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(BUDGET))
    lab.appropriate("B1", "100.00")
    numbered = [payment(f"p{n:03d}", pay_amt="60.00") for n in (7, 3, 9)]

    decisions = lab.screen(*numbered)

    assert decisions == ["pass", "reject", "reject"]


def screen_and_fail(lab: ScreeningLab, year: int) -> None:
    with lab.begin() as session:
        lab.screening.screen(session, [payment("a", fiscal_year=year)])
        raise KuweiError("test.failed", "回滚")


def test_a_year_survives_the_failure_of_its_first_request(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(LARGE))
    with pytest.raises(KuweiError, match=r"test\.failed"):
        screen_and_fail(lab, 2031)

    assert lab.screen(payment("b", fiscal_year=2031)) == ["pass"]


def test_a_rule_that_holds_for_want_of_data_trips_too(engine: Engine) -> None:
    wanting = rule(
        "W",
        "pay_amt >= 5000",
        requires=("appropriation.amount",),
        on_missing=Policy.HOLD,
    )
    lab = ScreeningLab(engine, effective(wanting))

    for number in range(6):
        lab.screen(payment(f"p{number}"))

    with lab.begin() as session:
        assert tripped(session) == {"W"}


def test_receipts_neither_trip_a_rule_nor_hide_one(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(HOLDING))

    for number in range(8):
        lab.screen(payment(f"r{number}", stage="receipt", pay_amt="6000.00"))

    with lab.begin() as session:
        assert tripped(session) == frozenset()
