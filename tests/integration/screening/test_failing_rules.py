"""A rule that fails itself is marked, its policy decides, and the rest goes on."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from screening_lab import ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text

from kuwei_node.alerts.service import Alerts
from kuwei_node.payments.service import Appended
from kuwei_node.schedule.service import Scheduler
from kuwei_node.schedule.tasks import sweep
from kuwei_node.screening.store import judging
from kuwei_shared.rules.model import Policy, Rule, Schedule, Status
from kuwei_shared.screening.answer import Answer

# The largest amount the interface takes: two of them are more than a sum holds.
MOST = "9999999999999999.00"
LARGE = rule("LARGE", "pay_amt >= 1000")
# Backward references make it try every way to cut the text.
ENDLESS = r"^(.+)(.+)(.+)(.+)\1\2\3\4$"
NO_TWO_ALIKE = "".join(chr(0x4E00 + n) for n in range(400))


def overflow(policy: Policy = Policy.PASS) -> Rule:
    """Return a rule that fails where a payee was paid too much for a sum."""
    return rule("OVERFLOW", "fact.payee_day_sum > 0", on_error=policy)


def answers(lab: ScreeningLab, *rows: dict[str, object]) -> list[Answer]:
    with lab.begin() as session:
        return lab.screening.screen(session, rows)


def outcomes(lab: ScreeningLab) -> list[str]:
    with lab.begin() as session:
        found = text("SELECT outcomes FROM screening ORDER BY payment_seq")
        return list(session.scalars(found))


@pytest.mark.parametrize("policy", list(Policy))
def test_a_failing_rule_decides_by_its_policy(engine: Engine, policy: Policy) -> None:
    lab = ScreeningLab(engine, effective(LARGE, overflow(policy)))
    lab.screen(payment("most", pay_amt=MOST))

    (answer,) = answers(lab, payment("p", pay_amt=MOST))

    assert answer.decision.value == policy.value
    assert [hit.rule_id for hit in answer.hits] == ["LARGE"]
    assert answer.failed == ("OVERFLOW",)
    assert outcomes(lab) == ["11", "1!"]


def test_a_rule_on_trial_fails_without_stopping_anything(engine: Engine) -> None:
    trial = replace(overflow(Policy.REJECT), status=Status.TRIAL)
    lab = ScreeningLab(engine, effective(LARGE, trial))
    lab.screen(payment("most", pay_amt=MOST))

    (answer,) = answers(lab, payment("p", pay_amt=MOST))

    assert (answer.decision.value, answer.failed) == ("pass", ("OVERFLOW",))


def test_only_the_payments_a_rule_fails_on_are_marked(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(LARGE, overflow(Policy.HOLD)))
    lab.screen(payment("most", pay_amt=MOST, payee_acct_no="rich"))
    rows = [payment(f"p{n}") for n in range(40)]
    rows[17] |= {"payee_acct_no": "rich", "pay_amt": MOST}

    decided = [one.decision.value for one in answers(lab, *rows)]

    assert decided == ["pass"] * 17 + ["hold"] + ["pass"] * 22
    assert outcomes(lab).count("1!") == 1


def test_a_repeat_and_a_second_screening_say_the_same(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(LARGE, overflow(Policy.HOLD)))
    lab.screen(payment("most", pay_amt=MOST))
    first = answers(lab, payment("p", pay_amt=MOST))[0]

    again = answers(lab, payment("p", pay_amt=MOST))[0]

    assert (again.decision, again.failed) == (first.decision, first.failed)
    with lab.begin() as session:
        ((kept, judged),) = lab.screening.rescreen(session, [first.seq])
    assert kept.outcomes == judged.outcomes == "1!"


def test_a_rule_that_never_ends_is_stepped_over(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "WALL_MS", 400)
    monkeypatch.setattr(judging, "ALONE_MS", 200)
    slow = rule("SLOW", "matches(use_des, pattern.endless)", on_error=Policy.HOLD)
    made = effective(LARGE, slow, patterns={"endless": ENDLESS})
    lab = ScreeningLab(engine, made)

    (answer,) = answers(lab, payment("p", use_des=NO_TWO_ALIKE, pay_amt="1000.00"))

    assert (answer.decision.value, answer.failed) == ("hold", ("SLOW",))
    assert outcomes(lab) == ["1!"]


def test_an_import_records_the_failure_and_all_else(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = ScreeningLab(engine, effective(LARGE, overflow(Policy.HOLD)))
    rows = [payment(f"p{n}", vou_date="2026-03-04") for n in range(30)]
    rows += [payment(f"m{n}", pay_amt=MOST, payee_acct_no="rich") for n in range(2)]
    with lab.begin() as session:
        numbered = lab.ledger.append(session, rows)
        session.execute(text("CREATE TEMP TABLE appended AS SELECT * FROM payment"))
        stretch = Appended(len(rows), min(numbered.values()), max(numbered.values()))

        screened = lab.screening.screen_appended(session, stretch)
        lab.screening.raise_appended(session, stretch)

    assert screened == 32
    assert sorted(outcomes(lab)) == [*["01"] * 30, "1!", "11"]
    assert (lab.count("hit"), lab.count("hold")) == (33, 0)
    said = capsys.readouterr()
    assert "screening.rule_failed" in said.out + said.err


def test_a_failing_scheduled_rule_is_on_its_receipt(engine: Engine) -> None:
    failing = replace(overflow(), schedule=Schedule.DAY_END)
    daily = replace(LARGE, schedule=Schedule.DAY_END)
    lab = ScreeningLab(engine, effective(daily, failing))
    lab.screen(*(payment(f"m{n}", stage="voucher", pay_amt=MOST) for n in range(2)))
    lab.clock.moment = dt.datetime(2026, 3, 6, tzinfo=dt.UTC)
    sweep(lab.unit_of_work, Scheduler(lab.clock, lab.screening, Alerts(lab.clock)))

    with lab.begin() as session:
        receipts = text("SELECT receipts FROM scheduled_run WHERE schedule = 'day_end'")
        large, failed = session.scalars(receipts).one()["payment"]
    assert (large["hits"], large["failed"]) == (2, None)
    assert "overflow" in failed["failed"]
    assert lab.count("alert") == 2
