"""What the brake leaves alone: balances, and what one hosted township sends."""

from __future__ import annotations

import pytest
from screening_lab import COUNTY, ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text

from kuwei_node.brake.service import tripped
from kuwei_shared.rules.model import Policy, Scope, Severity

pytestmark = pytest.mark.integration
TOWNSHIPS = ("450102101", "450102102")
LARGE = rule("LARGE", "pay_amt >= 5000", severity=Severity.RED)
BALANCE = rule(
    "BALANCE",
    "fact.bgt_used + pay_amt > appropriation.amount",
    severity=Severity.GREY,
    on_missing=Policy.HOLD,
)
OF_TOWNSHIPS = rule(
    "OF_TOWNSHIPS",
    "pay_amt >= 5000",
    severity=Severity.RED,
    scope=Scope(levels=("township",)),
)


def send(lab: ScreeningLab, division: str, count: int, amount: str) -> None:
    """Screen payments of a division, one request each."""
    for number in range(count):
        named = f"{division}-{amount}-{number}"
        lab.screen(payment(named, mof_div_code=division, pay_amt=amount))


def place(lab: ScreeningLab) -> None:
    """Make the county and its townships known."""
    own, hosted = (COUNTY, "county"), ((code, "township") for code in TOWNSHIPS)
    with lab.begin() as session:
        for code, level in (own, *hosted):
            session.execute(
                text("INSERT INTO jurisdiction (mof_div_code, level) VALUES (:c, :l)"),
                {"c": code, "l": level},
            )


def cut(lab: ScreeningLab) -> frozenset[str]:
    with lab.begin() as session:
        return tripped(session)


@pytest.mark.parametrize("known", [True, False])
def test_a_spent_appropriation_never_switches_its_rule_off(
    engine: Engine, *, known: bool
) -> None:
    lab = ScreeningLab(engine, effective(BALANCE))
    if known:
        lab.appropriate("B1", "1000.00")

    send(lab, COUNTY, 8, "1000.01")

    assert cut(lab) == frozenset()
    assert lab.screen(payment("last", pay_amt="2000.00")) != ["pass"]


def test_one_township_does_not_disarm_the_county(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(LARGE))
    send(lab, COUNTY, 6, "10.00")

    send(lab, TOWNSHIPS[0], 30, "6000.00")

    assert cut(lab) == frozenset()
    assert lab.screen(payment("last", pay_amt="6000.00")) == ["hold"]


def test_a_rule_that_stops_the_countys_own_payments_trips(engine: Engine) -> None:
    lab = ScreeningLab(engine, effective(LARGE))
    send(lab, TOWNSHIPS[0], 3, "10.00")

    send(lab, COUNTY, 8, "6000.00")

    assert cut(lab) == {"LARGE"}


@pytest.mark.parametrize(("sending", "expected"), [(1, set()), (2, {"OF_TOWNSHIPS"})])
def test_a_rule_of_townships_trips_when_it_stops_more_than_one(
    engine: Engine, sending: int, expected: set[str]
) -> None:
    lab = ScreeningLab(engine, effective(OF_TOWNSHIPS))
    place(lab)
    send(lab, COUNTY, 2, "6000.00")

    for township in TOWNSHIPS[:sending]:
        send(lab, township, 8, "6000.00")

    assert cut(lab) == expected
