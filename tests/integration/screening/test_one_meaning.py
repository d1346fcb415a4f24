"""Whatever the physical plan, a payment's outcomes are the same."""

import json

import pytest
from facts_lab import fact_rules, year_of_payments
from screening_lab import ScreeningLab, effective, payment, rule, standard
from sqlalchemy import Engine, text

from kuwei_node.screening.store import judging
from kuwei_shared.rules.compiler import untuned
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.printer import Dialect
from kuwei_shared.screening.effective import EffectiveCatalogue

EVERYTHING = "payment, running_total, screening, hit, alert, hold"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_probe_and_sweep_agree_on_every_outcome(engine: Engine, seed: int) -> None:
    lab = ScreeningLab(engine, fact_rules())
    rows = year_of_payments(400, seed)
    statement = lab.catalogues.now.realtime
    with lab.begin() as session:
        lab.ledger.append(session, rows[:150])
        numbered = sorted(lab.ledger.append(session, rows[150:]).values())

        probed = judging.judge(session, judging.stored_statement(statement), numbered)
        sweep = statement.sql(
            Dialect.POSTGRES, f"{judging.ROW} WHERE p.seq >= {numbered[0]}", Plan.SWEEP
        )
        cursor = session.connection().connection.cursor()
        cursor.execute(sweep)
        swept = {seq: outcomes for seq, _, outcomes, _ in cursor.fetchall()}

    assert {one.seq: one.outcomes for one in probed} == swept
    assert {"0", "1", "?"} <= set("".join(swept.values()))


def test_one_by_one_and_all_at_once_agree(engine: Engine) -> None:
    rows = year_of_payments(120, 7)
    singly = ScreeningLab(engine, fact_rules())
    together = ScreeningLab(engine, fact_rules())
    for row in rows:
        singly.screen(row)
    outcomes = text(
        "SELECT s.outcomes FROM screening s JOIN payment p ON p.seq = s.payment_seq"
        " ORDER BY p.payment_id"
    )
    with singly.begin() as session:
        one_by_one = list(session.scalars(outcomes))
        session.execute(
            text("TRUNCATE payment, running_total, screening, hit, alert, hold")
        )

    together.screen(*rows)

    with together.begin() as session:
        assert list(session.scalars(outcomes)) == one_by_one


def test_screening_again_gives_what_was_recorded(engine: Engine) -> None:
    lab = ScreeningLab(engine, fact_rules())
    rows = year_of_payments(200, 5)
    for at in range(0, 200, 40):
        lab.screen(*rows[at : at + 40])
    lab.catalogues.now = effective(rule("LATER", "pay_amt > 0"), release="later")
    lab.screen(payment("late", vou_date="2026-01-02", agency_code="A1"))

    with lab.begin() as session:
        pairs = lab.screening.rescreen(session, list(range(1, 202)))

    assert len(pairs) == 201
    assert all(kept.outcomes == judged.outcomes for kept, judged in pairs)


def test_the_standard_catalogue_screens_an_ordinary_payment(engine: Engine) -> None:
    catalogue = standard()
    lab = ScreeningLab(
        engine,
        EffectiveCatalogue(
            release=catalogue.version, catalogue=catalogue, rules=untuned(catalogue)
        ),
    )
    given = {
        name: str(value)
        for name, value in catalogue.base_example.items()
        if "." not in name
        and value is not None
        and name in catalogue.vocabulary.payment
    }

    decisions = lab.screen(json.loads(json.dumps(given)))

    assert len(decisions) == 1
    assert lab.count("screening") == 1
