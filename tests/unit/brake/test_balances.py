"""Which rules guard a balance is seen from their conditions."""

from __future__ import annotations

import pytest
from screening_lab import rule, standard

from kuwei_node.brake.domain import guards_balance
from kuwei_shared.rules.compiler import names_of
from kuwei_shared.rules.model import Severity
from kuwei_shared.rules.parser import parse

CATALOGUE = standard()


def guards(when: str) -> bool:
    condition = parse(when, names_of(rule("R", when), CATALOGUE))
    return guards_balance(condition, CATALOGUE.vocabulary)


@pytest.mark.parametrize(
    "when",
    [
        "fact.bgt_used + pay_amt > appropriation.amount",
        "not (appropriation.amount - fact.bgt_used >= pay_amt)",
        "pay_amt > 5 and fact.plan_used + pay_amt > cash_plan.plan_amt",
        "pay_amt between 1 and appropriation.amount - fact.bgt_used",
        "contract_no is not null and fact.contract_paid > contract.contract_amt",
    ],
)
def test_a_sum_weighed_against_what_was_granted_guards_a_balance(when: str) -> None:
    assert guards(when)


@pytest.mark.parametrize(
    "when",
    [
        "pay_amt >= 5000",
        "fact.payee_day_sum > 5000",
        "fact.payee_day_count > 5 and pay_amt > appropriation.amount",
        "fact.bgt_used > 5 and appropriation.amount is null",
    ],
)
def test_what_weighs_no_sum_against_a_grant_guards_none(when: str) -> None:
    assert not guards(when)


def test_the_rules_that_refuse_or_hold_for_lack_of_money_are_among_them() -> None:
    strong = [
        one.id
        for one in CATALOGUE.rules.values()
        if one.severity in {Severity.RED, Severity.GREY} and guards_of(one.id)
    ]

    assert "GX-U01" in strong


def guards_of(rule_id: str) -> bool:
    one = CATALOGUE.rules[rule_id]
    condition = parse(one.when, names_of(one, CATALOGUE))
    return guards_balance(condition, CATALOGUE.vocabulary)
