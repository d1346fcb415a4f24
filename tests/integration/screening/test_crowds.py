"""Payments of one key that are many are read together, and judged the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from facts_lab import fact_rules, year_of_payments
from screening_lab import ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from kuwei_node.screening.store import judging
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.printer import Dialect
from kuwei_shared.rules.running import Total
from kuwei_shared.screening.effective import EffectiveCatalogue

pytestmark = pytest.mark.integration


def outcomes(
    session: Session,
    lab: ScreeningLab,
    seqs: list[int],
    plan: Plan,
    totals: dict[Total, int],
) -> dict[int, tuple[Any, ...]]:
    chosen = f"= ANY('{{{','.join(map(str, seqs))}}}'::bigint[])"
    sql = lab.catalogues.now.realtime.sql(
        Dialect.POSTGRES, f"{judging.ROW} WHERE p.seq {chosen}", plan, totals
    )
    cursor = session.connection().connection.cursor()
    cursor.execute(sql)
    return {seq: tuple(rest) for seq, *rest in cursor.fetchall()}


def busier(at: int, row: dict[str, Any]) -> dict[str, Any]:
    """Return most payments as one unit's, many of them for one invoice."""
    unit = {"agency_code": "A0"} if at % 3 else {}
    line = {"invoice_no": "i1", "pay_amt": "100"} if at % 4 == 1 else {}
    return row | unit | line


def thirty_days() -> EffectiveCatalogue:
    """Return a rule that looks back no further than thirty days."""
    told = rule("D", "fact.payee_30d_count > 5", explain="{fact.payee_30d_sum}")
    return effective(told)


@pytest.mark.parametrize(
    ("seed", "catalogue"), [(1, fact_rules), (2, fact_rules), (3, thirty_days)]
)
def test_a_crowd_is_judged_as_each_of_it_alone(
    engine: Engine, seed: int, catalogue: Callable[[], EffectiveCatalogue]
) -> None:
    lab = ScreeningLab(engine, catalogue())
    rows = [busier(at, row) for at, row in enumerate(year_of_payments(900, seed))]
    with lab.begin() as session:
        lab.ledger.append(session, rows[300:400])
        lab.ledger.append(session, rows[:300])
        numbered = sorted(lab.ledger.append(session, rows[400:]).values())

        together = outcomes(session, lab, numbered, Plan.CROWD, {})
        singly = outcomes(session, lab, numbered, Plan.PROBE, {})

    assert together == singly


def reversal(of: str) -> dict[str, Any]:
    return payment(
        f"back-{of}", entry_kind="reversal", orig_payment_id=of, pay_amt="-100.00"
    )


def test_what_was_reversed_as_it_came_is_counted_by_nobody(engine: Engine) -> None:
    lab = ScreeningLab(engine, fact_rules())
    with lab.begin() as session:
        refused = lab.ledger.append(session, [payment("a0")])
        lab.ledger.set_refused(session, list(refused.values()), list(refused.values()))
        rows = [reversal("a0"), *(payment(f"b{n}") for n in range(60))]
        numbered = sorted(lab.ledger.append(session, rows).values())

        together = outcomes(session, lab, numbered, Plan.CROWD, {})
        singly = outcomes(session, lab, numbered, Plan.PROBE, {})

    assert together == singly


def plans(lab: ScreeningLab, rows: list[dict[str, Any]]) -> Plan:
    statement = lab.catalogues.now.realtime
    return judging.plan_of(statement, {}, rows)


def test_only_many_payments_of_one_key_make_a_crowd(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(rule("R", "fact.payee_day_count > 30")))
    apart = [payment(f"p{n}", payee_acct_no=f"x{n}") for n in range(70)]
    nobody = [payment(f"p{n}", payee_acct_no=None) for n in range(70)]

    assert plans(lab, [payment("p")]) is Plan.LONE
    assert plans(lab, apart) is plans(lab, nobody) is Plan.ARRIVAL
    assert plans(lab, apart + [payment(f"q{n}") for n in range(51)]) is Plan.CROWD


def test_a_request_of_one_payee_counts_each_payment_before(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(rule("R", "fact.payee_day_count > 30")))
    lab.screen(*(payment(f"a{n}") for n in range(15)))

    lab.screen(*(payment(f"b{n}") for n in range(70)))

    with lab.begin() as session:
        hit = session.scalars(text("SELECT payment_seq FROM hit ORDER BY 1"))
        assert list(hit) == list(range(31, 86))
