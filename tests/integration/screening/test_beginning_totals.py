"""A total is begun while payments go on, and holds each of them once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from pace import wait_until
from screening_lab import ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text

from kuwei_node.payments.store import differences, totals

pytestmark = pytest.mark.integration
PLAIN = effective(rule("R", "pay_amt >= 5000"))
PROJECT = effective(rule("P", "fact.project_paid > 150"), release="later")
[PAID] = PROJECT.realtime.totals


@pytest.fixture
def lab(engine: Engine) -> ScreeningLab:
    """Return a node that has screened two payments of a project and keeps no total."""
    lab = ScreeningLab(engine, PLAIN)
    lab.screen(of_project("a"), of_project("b"))
    return lab


def of_project(payment_id: str) -> dict[str, object]:
    return payment(payment_id, pro_code="P1")


def register(lab: ScreeningLab) -> int:
    """Begin the project's total and stop there, as a process that was killed."""
    with lab.begin() as session:
        return totals.register(session, [PAID])[PAID]


def differing(lab: ScreeningLab) -> list[int]:
    with lab.begin() as session:
        return [one.differing for one in lab.ledger.running.check(session)]


def hits(lab: ScreeningLab) -> list[str]:
    with lab.begin() as session:
        found = session.execute(
            text(
                "SELECT payment_id FROM hit JOIN payment p ON"
                " p.seq = hit.payment_seq ORDER BY p.seq"
            )
        )
        return list(found.scalars())


def await_waiting(lab: ScreeningLab) -> None:
    """Wait until somebody waits for the payments being screened."""
    asked = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        " AND NOT granted AND database = (SELECT oid FROM pg_database"
        " WHERE datname = current_database())"
    )

    def is_one() -> bool:
        with lab.begin() as session:
            return bool(session.execute(asked).scalar_one())

    wait_until(is_one, "somebody waits")


def test_a_payment_on_its_way_while_a_total_is_added_up_is_in_it_once(
    lab: ScreeningLab,
) -> None:
    register(lab)

    with ThreadPoolExecutor(1) as pool:
        with lab.begin() as arriving:
            lab.screening.screen(arriving, [of_project("c")])
            begun = pool.submit(lab.ledger.running.begin, [PAID])
            await_waiting(lab)
        assert begun.result()

    assert differing(lab) == [0]


def test_a_payment_on_its_way_while_a_total_is_registered_is_in_it_once(
    lab: ScreeningLab,
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with lab.begin() as arriving:
            lab.screening.screen(arriving, [of_project("c")])
            begun = pool.submit(lab.ledger.running.begin, [PAID])
            await_waiting(lab)
        assert begun.result()

    assert differing(lab) == [0]


def test_until_a_total_is_whole_payments_are_judged_by_the_ledger(
    lab: ScreeningLab,
) -> None:
    number = register(lab)
    lab.catalogues.now = PROJECT

    with lab.begin() as elsewhere:
        assert differences.is_ours_to_mend(elsewhere, number)
        lab.screen(of_project("c"))

    assert hits(lab) == ["c"]
    assert differing(lab) == []


def test_what_a_killed_process_began_the_next_screening_finishes(
    lab: ScreeningLab,
) -> None:
    register(lab)
    lab.catalogues.now = PROJECT

    lab.screen(of_project("c"))

    assert hits(lab) == ["c"]
    assert differing(lab) == [0]


def test_payments_screened_before_a_total_is_whole_are_in_it(
    lab: ScreeningLab,
) -> None:
    register(lab)
    lab.screen(of_project("c"))
    lab.screen(of_project("d"), of_project("e"))

    lab.ledger.running.begin([PAID])

    assert differing(lab) == [0]


def test_a_total_many_processes_want_at_once_is_begun_once(lab: ScreeningLab) -> None:
    lab.catalogues.now = PROJECT

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(lab.screen, of_project(f"n{n}")) for n in range(24)]
        assert [one.result() for one in asked] == [["pass"]] * 24

    assert differing(lab) == [0]
    assert len(hits(lab)) == 24
