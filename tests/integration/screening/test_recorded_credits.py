"""Credits that cannot be right but were recorded: files bring what happened."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from engines_lab import copy_of
from screening_lab import ScreeningLab, payment, standard
from sqlalchemy import Engine, text

from kuwei_node.alerts.service import Alerts
from kuwei_node.schedule.service import Scheduler
from kuwei_node.schedule.tasks import sweep
from kuwei_shared.rules.compiler import untuned
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.model import Schedule
from kuwei_shared.rules.printer import Dialect
from kuwei_shared.screening.effective import EffectiveCatalogue

EXCESS, UNKNOWN = "GX-U15D", "GX-U15E"
JUDGED = (
    "SELECT p.*, 1000000::bigint AS as_of FROM payment p WHERE p.live"
    " AND p.reversed_by IS NULL"
)
Row = dict[str, Any]  # Any: payment fields


def paid(payment_id: str, **changes: object) -> Row:
    return payment(payment_id, **({"stage": "voucher"} | changes))


def credit(payment_id: str, of: str | None, amount: str, **changes: object) -> Row:
    kind = {"entry_kind": "refund", "orig_payment_id": of, "pay_amt": amount}
    return paid(payment_id, **(kind | changes))


P = paid("P")
CASES: dict[str, tuple[list[Row], str | None]] = {
    "all of it": ([P, credit("R", "P", "-100.00")], None),
    "a fen too much": ([P, credit("R", "P", "-100.01")], EXCESS),
    "twice": ([P, credit("R", "P", "-100.00"), credit("S", "P", "-1.00")], EXCESS),
    "by two units": (
        [P, credit("R", "P", "-99.00"), credit("S", "P", "-2.00", agency_code="2")],
        EXCESS,
    ),
    "in two parts": ([P, credit("R", "P", "-50.00"), credit("S", "P", "-50.00")], None),
    "taken back": ([P, credit("R", "P", "-99.00"), credit("S", "R", "99.00")], None),
    "of a refund": ([P, credit("R", "P", "-99.00"), credit("S", "R", "-1.00")], EXCESS),
    "before it": ([credit("R", "P", "-100.00"), P], None),
    "at another stage": ([P, credit("R", "P", "-100.00", stage="receipt")], None),
    "of nothing": ([credit("R", "P", "-1.00")], UNKNOWN),
    "of another's": (
        [paid("P", mof_div_code="450303000"), credit("R", "P", "-1.00")],
        UNKNOWN,
    ),
    "at a stage that paid less": (
        [paid("P", stage="request", pay_amt="120.00"), P, credit("R", "P", "-110.00")],
        EXCESS,
    ),
    "at a stage of its own": (
        [
            paid("P", stage="request", pay_amt="-100.00", entry_kind="refund"),
            paid("P", pay_amt="-80.00", entry_kind="refund"),
            credit("R", "P", "90.00", stage="request"),
        ],
        None,
    ),
    "of an unnamed one": ([P, credit("R", None, "-1.00")], None),
    "of one that came back": ([P | {"entry_kind": "correction"}], None),
}


@pytest.fixture
def lab(engine: Engine) -> ScreeningLab:
    catalogue = standard()
    rules = tuple(one for one in untuned(catalogue) if one.rule.id in {EXCESS, UNKNOWN})
    return ScreeningLab(
        engine, EffectiveCatalogue(release="s", catalogue=catalogue, rules=rules)
    )


def record(lab: ScreeningLab, rows: list[Row]) -> None:
    """Append payments as an import does: without a word about their sums."""
    with lab.begin() as session:
        lab.ledger.append(session, rows)


def alerted(lab: ScreeningLab) -> list[tuple[str, str]]:
    lab.clock.moment = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    sweep(lab.unit_of_work, Scheduler(lab.clock, lab.screening, Alerts(lab.clock)))
    with lab.begin() as session:
        found = session.execute(text("SELECT rule_id, subject_key FROM alert"))
        return [tuple(row) for row in found]


@pytest.mark.parametrize("case", CASES)
def test_a_day_that_is_over_tells_of_credits_that_cannot_be_right(
    lab: ScreeningLab, case: str
) -> None:
    rows, rule = CASES[case]
    record(lab, rows)

    found = alerted(lab)

    assert [one for one, _ in found] == ([] if rule is None else [rule])


def test_an_excess_is_one_alert_for_its_original(lab: ScreeningLab) -> None:
    record(lab, [P, credit("R", "P", "-100.00"), credit("S", "P", "-100.00")])

    assert alerted(lab) == [(EXCESS, "P")]


def test_credits_of_another_division_are_not_added_to_ones_own(
    lab: ScreeningLab,
) -> None:
    elsewhere = credit("S", "P", "-50.00", mof_div_code="450303000")
    record(lab, [P, credit("R", "P", "-100.00"), elsewhere])

    assert {one for one, _ in alerted(lab)} == {UNKNOWN}


def test_a_refused_payment_was_reported_all_the_same(lab: ScreeningLab) -> None:
    record(lab, [P, credit("R", "P", "-100.00")])
    with lab.begin() as session:
        session.execute(text("UPDATE payment SET live = payment_id <> 'P'"))

    assert alerted(lab) == []


def renamed(rows: list[Row], number: int) -> list[Row]:
    """Return a case's payments under names no other case has."""
    names = ("payment_id", "orig_payment_id")
    return [
        row | {name: f"{row[name]}{number}" for name in names if row.get(name)}
        for row in rows
    ]


def closed(lab: ScreeningLab, dialect: Dialect) -> str:
    statement = lab.catalogues.now.scheduled("payment", Schedule.DAY_END)
    return statement.sql(dialect, JUDGED, Plan.CLOSED)


def in_postgres(lab: ScreeningLab) -> dict[int, str]:
    with lab.begin() as session:
        cursor = session.connection().connection.cursor()
        cursor.execute(closed(lab, Dialect.POSTGRES))
        return {seq: outcomes for seq, _, outcomes, _ in cursor.fetchall()}


def in_duckdb(lab: ScreeningLab, scratch: Path) -> dict[int, str]:
    history = copy_of(lab, scratch)
    found = history.sql(closed(lab, Dialect.DUCKDB)).project("seq, outcomes").fetchall()
    history.close()
    return dict(found)


def test_both_engines_find_the_same_credits(lab: ScreeningLab, tmp_path: Path) -> None:
    for number, (rows, _) in enumerate(CASES.values()):
        record(lab, renamed(rows, number))

    found = in_postgres(lab)

    assert found == in_duckdb(lab, tmp_path)
    assert set(found.values()) == {"00", "10", "01"}
