"""Balances cannot be overdrawn by simultaneous requests."""

from concurrent.futures import ThreadPoolExecutor

from screening_lab import ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text

from kuwei_shared.rules.model import Severity

BUDGET = rule(
    "R4",
    "pay_amt + fact.bgt_used > appropriation.amount",
    requires=("bgt_id", "appropriation.amount"),
    severity=Severity.GREY,
)
PLAIN = rule("R", "pay_amt >= 5000")


def test_of_a_hundred_simultaneous_requests_those_that_fit_pass(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(BUDGET))
    lab.appropriate("B1", "1000.00")
    with lab.begin() as session:
        lab.ledger.ensure_years(session, {2026})

    with ThreadPoolExecutor(20) as pool:
        asked = [
            pool.submit(
                lab.screen, payment(f"p{n}", pay_amt="37.00", agency_code=f"A{n % 7}")
            )
            for n in range(100)
        ]
        decisions = [one.result()[0] for one in asked]

    assert decisions.count("pass") == 27
    with lab.begin() as session:
        spent = session.execute(text("SELECT sum(pay_amt) FROM payment WHERE live"))
        assert spent.scalar_one() == 999


def test_the_same_request_sent_at_once_counts_once(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(BUDGET))
    lab.appropriate("B1", "1000.00")
    with lab.begin() as session:
        lab.ledger.ensure_years(session, {2026})

    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(lab.screen, payment("same")) for _ in range(32)]
        decisions = {one.result()[0] for one in asked}

    assert decisions == {"pass"}
    assert lab.count("payment") == 1


def of_project(unit: int) -> dict[str, object]:
    return payment(f"p{unit}", pay_amt="37.00", agency_code=f"A{unit}", pro_code="P1")


def test_units_of_one_project_wait_for_each_other(engine: Engine) -> None:
    project = rule(
        "P",
        "fact.project_paid > 1000",
        requires=("pro_code",),
        severity=Severity.GREY,
    )
    lab = ScreeningLab(engine, effective(project))
    with lab.begin() as session:
        lab.ledger.ensure_years(session, {2026})

    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(lab.screen, of_project(n)) for n in range(60)]
        decisions = [one.result()[0] for one in asked]

    assert decisions.count("pass") == 27


def test_a_catalogue_used_first_keeps_no_other_screening_waiting(
    engine: Engine,
) -> None:
    one, other = (ScreeningLab(engine, effective(PLAIN)) for _ in range(2))
    with one.begin() as session:
        one.ledger.ensure_years(session, {2026})

    with one.begin() as session:
        one.screening.screen(session, [payment("a")])
        # Another process, another unit, while the first has not ended.
        decisions = other.screen(payment("b", agency_code="102001", bgt_id="B2"))

    assert decisions == ["pass"]
    assert one.count("compiled_catalogue") == 1


def test_a_catalogue_is_registered_once_by_all_who_use_it_first(
    engine: Engine,
) -> None:
    labs = [ScreeningLab(engine, effective(PLAIN)) for _ in range(8)]
    with labs[0].begin() as session:
        labs[0].ledger.ensure_years(session, {2026})

    with ThreadPoolExecutor(len(labs)) as pool:
        list(pool.map(lambda lab: lab.screen(payment(str(id(lab)))), labs))

    assert labs[0].count("compiled_catalogue") == 1
    with labs[0].begin() as session:
        used = session.scalars(text("SELECT DISTINCT compiled_id FROM screening"))
        assert len(list(used)) == 1
