"""A state treasury's seventeen months, through the ledger, to the unit."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from intake_desk import Desk
from real_payments import HIMACHAL, US_CARDS, needs_real_payments

from kuwei_node.intake.domain.progress import State

pytestmark = [pytest.mark.integration, pytest.mark.realdata, needs_real_payments]

PROVINCE, DISTRICTS = "450000000", ("450100000", "450300000")
COUNTIES = ("450102000", "450303000", "450181000")


def test_every_treasury_file_is_stored_with_the_totals_it_declares(desk: Desk) -> None:
    everyone = dataclasses.replace(desk, divisions=(PROVINCE, *DISTRICTS, *COUNTIES))
    reports = sorted(HIMACHAL.glob("*.csv"))

    state, progress = everyone.run("himachal", *reports)

    assert state is State.DONE
    assert (progress.files, progress.accepted, progress.rejected) == (1655, 419_821, 0)
    assert desk.column("SELECT sum(pay_amt) FROM payment") == [Decimal(234_170_616_851)]
    assert desk.column("SELECT sum(xpay_amt) FROM payment") == [
        Decimal(209_469_090_874)
    ]
    assert desk.column("SELECT count(*) FROM intake_file WHERE state = 'done'") == [
        1655
    ]


def test_the_capital_treasury_refuses_nothing_of_its_own(desk: Desk) -> None:
    province = dataclasses.replace(desk, divisions=(PROVINCE,))

    state, progress = province.run("himachal", *sorted(HIMACHAL.glob("*CTO00-*")))

    assert (state, progress.files, progress.rejected) == (State.DONE, 76, 0)


def test_a_treasury_of_another_bureau_is_turned_away_row_by_row(desk: Desk) -> None:
    [report] = HIMACHAL.glob("*KNG08-STO_RAKKAR_212_*")

    state, progress = desk.run("himachal", report)

    assert state is State.REFUSED
    assert progress.accepted == 0
    assert {one.reason for one in desk.rejects(progress.heading.id)} == {
        "row.elsewhere"
    }


def test_card_transactions_are_stored_whole_and_once(desk: Desk) -> None:
    desk.run("us_purchasing_cards", US_CARDS)

    _, progress = desk.run("us_purchasing_cards", US_CARDS)

    assert progress.accepted == 95_076
    assert desk.column("SELECT count(*) FROM payment") == [95_076]
    assert desk.column("SELECT sum(pay_amt) FROM payment") == [Decimal("39037422.06")]
