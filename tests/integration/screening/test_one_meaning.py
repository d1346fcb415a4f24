"""Whatever the physical plan, a payment's outcomes are the same."""

import json
from typing import Any

import numpy as np
import pytest
from screening_lab import ScreeningLab, effective, payment, rule, standard
from sqlalchemy import Engine, text

from kuwei_node.screening.store import judging
from kuwei_shared.rules.compiler import untuned
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.printer import Dialect
from kuwei_shared.screening.effective import EffectiveCatalogue


class Draw:
    """Seeded choices, so that a failure repeats."""

    def __init__(self, seed: int) -> None:
        self.numbers = np.random.default_rng(seed)

    def below(self, end: int) -> int:
        return int(self.numbers.integers(end))

    def one_of(self, options: list[Any]) -> Any:  # noqa: ANN401  # whatever is offered
        return options[self.below(len(options))]


def year_of_payments(number: int, seed: int) -> list[dict[str, Any]]:
    """Return payments that share keys often, in order of date."""
    draw = Draw(seed)
    rows = []
    for at in range(number):
        unit = draw.below(4)
        day = at * 360 // number
        rows.append(
            payment(
                f"p{at}",
                stage=draw.one_of(["request", "voucher", "voucher"]),
                vou_date=f"2026-{day // 30 + 1:02d}-{min(day % 30 + 1, 28):02d}",
                agency_code=f"A{unit}",
                bgt_id=draw.one_of([None, f"b{unit}"]),
                payee_acct_no=draw.one_of([None, "x", "y"]),
                dep_bgt_eco_code=draw.one_of([None, "30201", "30217"]),
                set_mode_code=draw.one_of(["1", "4"]),
                pro_code=draw.one_of([None, "P1", "P2"]),
                contract_no=draw.one_of([None, "C1"]),
                invoice_no=draw.one_of([None, "i1", "i2", f"i{at}"]),
                card_no=draw.one_of([None, "k1"]),
                merchant_name="超市",
                pay_amt=str(draw.one_of([100, 250, 999, -50])),
                entry_kind=draw.one_of(["normal", "normal", "refund"]),
            )
        )
    return rows


def fact_rules() -> EffectiveCatalogue:
    """Return rules that compare each fact of the vocabulary with a few values."""
    facts = standard().vocabulary.facts.values()
    realtime = [fact for fact in facts if fact.over[0] != "dept_code"]
    return effective(
        *(
            rule(f"F{place:02d}{side}", f"fact.{fact.name} {test}")
            for place, fact in enumerate(realtime)
            for side, test in enumerate(
                ("> 0", "> 1", "> 200", "> 1000", "> 5000", "= 0")
            )
        )
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_probe_and_sweep_agree_on_every_outcome(engine: Engine, seed: int) -> None:
    lab = ScreeningLab(engine, fact_rules())
    rows = year_of_payments(400, seed)
    statement = lab.catalogues.now.realtime
    with lab.begin() as session:
        lab.ledger.append(session, rows[:150])
        numbered = sorted(lab.ledger.append(session, rows[150:]).values())

        probed = judging.judge(session, judging.judge_statement(statement), numbered)
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
    singly, together = (
        ScreeningLab(engine, fact_rules()),
        ScreeningLab(engine, fact_rules()),
    )
    for row in rows:
        singly.screen(row)
    outcomes = text(
        "SELECT s.outcomes FROM screening s JOIN payment p ON p.seq = s.payment_seq"
        " ORDER BY p.payment_id"
    )
    with singly.begin() as session:
        one_by_one = list(session.scalars(outcomes))
        session.execute(text("TRUNCATE payment, screening, hit, alert, hold"))

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
