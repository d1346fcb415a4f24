"""A state treasury as province, cities and counties: money and hits, to the unit."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

import federation_lab
import pytest
import treasury_lab as lab
from real_payments import needs_real_payments
from sqlalchemy import func, select

from kuwei_hub.statistics.models import Statistic
from kuwei_shared.wire.statistics import Family, Measure

pytestmark = [
    pytest.mark.integration,
    pytest.mark.federation,
    pytest.mark.realdata,
    needs_real_payments,
]
By = Literal["mof_div_code", "rule_id"]
Bureaus = dict[str, lab.Bureau]
SINCE, UNTIL = dt.date(2017, 4, 1), dt.date(2018, 8, 31)
VOUCHERS, GROSS, NET = 419_821, 234_170_616_851, 209_469_090_874
FEN = 100


def at_the_hub(
    province: federation_lab.Province, measure: Measure, by: By
) -> dict[object, int]:
    """Return what the days at the hub hold, after comparing them with its sums."""
    of, days = Statistic.__table__.c[by], Statistic.business_day.between(SINCE, UNTIL)
    family = Family.RULES if by == "rule_id" else Family.SCREENING
    query = select(of, func.sum(Statistic.value)).where(
        days, Statistic.measure == measure, Statistic.family == family
    )
    hub = province.hub
    with hub.unit_of_work.begin() as session:
        checked = hub.reading.check(session)
        rows = session.execute(query.group_by(of)).all()
    assert {one.differing for one in checked.values()} == {0}
    return {key: int(value) for key, value in rows}


def total(bureaus: Bureaus, expression: str) -> int:
    return sum(int(str(one)) for one in per_bureau(bureaus, expression).values())


def per_bureau(bureaus: Bureaus, expression: str) -> dict[object, Decimal]:
    asked = f"SELECT {expression} FROM payment"  # noqa: S608  # this file's own texts
    return {
        code: Decimal(str(bureau.rows(asked)[0][0])) for code, bureau in bureaus.items()
    }


def test_the_nodes_hold_every_voucher_and_unit_of_money(bureaus: Bureaus) -> None:
    assert total(bureaus, "count(*)") == VOUCHERS
    assert total(bureaus, "sum(pay_amt)::bigint") == GROSS
    assert total(bureaus, "sum(xpay_amt)::bigint") == NET


def test_every_file_meets_the_totals_it_declares(bureaus: Bureaus) -> None:
    states = [
        row
        for bureau in bureaus.values()
        for row in bureau.rows(
            "SELECT state, rows_accepted = declared_rows"
            " AND pay_amt = declared_pay_amt AND xpay_amt = declared_xpay_amt"
            " FROM intake_file"
        )
    ]

    assert states == [("done", True)] * 1655


@pytest.mark.parametrize(
    ("measure", "expression", "whole"),
    [
        (Measure.PAYMENTS, "count(*)", VOUCHERS),
        (Measure.SCREENED, "count(*)", VOUCHERS),
        (Measure.AMOUNT_FEN, "sum(pay_amt) * 100", GROSS * FEN),
        (Measure.PAID_FEN, "sum(xpay_amt) * 100", NET * FEN),
    ],
)
def test_the_hub_knows_the_same_figures_per_jurisdiction(
    bureaus: Bureaus,
    province: federation_lab.Province,
    measure: Measure,
    expression: str,
    whole: int,
) -> None:
    figures = at_the_hub(province, measure, "mof_div_code")

    assert figures == per_bureau(bureaus, expression)
    assert sum(figures.values()) == whole


@pytest.mark.parametrize("measure", [Measure.HITS, Measure.ALERTS])
def test_the_hub_knows_the_same_hits_and_alerts_per_rule(
    bureaus: Bureaus, province: federation_lab.Province, measure: Measure
) -> None:
    at_home: dict[object, int] = {}
    for bureau in bureaus.values():
        found = bureau.hits() if measure is Measure.HITS else bureau.alerts()
        for rule, count in found.items():
            at_home[rule] = at_home.get(rule, 0) + count

    assert at_home
    assert at_the_hub(province, measure, "rule_id") == at_home


PAYROLL = "dep_bgt_eco_code LIKE '301%' OR dep_bgt_eco_code LIKE '303%'"
COUNTED = {
    "GX-U10": "pay_amt >= 20000000",
    "GX-U15C": f"pay_amt <> 0 AND pay_amt % 1000000 = 0 AND NOT ({PAYROLL})",
    "M002": "extract(month FROM vou_date) = 3 AND extract(day FROM vou_date) >= 20"
    f" AND pay_amt >= 1000000 AND NOT ({PAYROLL})",
    "CT-1": "dep_bgt_eco_code IN ('30212', '30217', '30231', '30913', '31013')"
    " AND pay_amt >= 30000",
    "SX-5": "exp_func_code IS NULL OR dep_bgt_eco_code IS NULL OR pay_cert_no IS NULL",
}
"""Each rule said again in plain SQL."""


def test_every_rule_that_hits_hits_what_plain_sql_counts(bureaus: Bureaus) -> None:
    hits = {
        rule: sum(bureau.hits().get(rule, 0) for bureau in bureaus.values())
        for rule in {one for bureau in bureaus.values() for one in bureau.hits()}
    }

    assert hits == {
        rule: total(bureaus, f"count(*) FILTER (WHERE {where})")
        for rule, where in COUNTED.items()
    }


RUSH = (
    "SELECT count(*) FROM (SELECT 1 FROM payment GROUP BY agency_code,"
    " date_trunc('month', vou_date) HAVING sum(pay_amt) >= 1000000 AND"
    " sum(pay_amt) FILTER (WHERE vou_date + 3 > (date_trunc('month', vou_date)"
    " + interval '1 month')::date - 1) * 100 > sum(pay_amt) * 70) months"
)


def test_units_that_rush_at_the_months_end_are_found_once_a_month(
    bureaus: Bureaus,
) -> None:
    for bureau in bureaus.values():
        assert [(bureau.alerts()["CT-8"],)] == bureau.rows(RUSH)


def test_bill_numbers_are_unique_so_no_bill_is_called_repeated(
    bureaus: Bureaus,
) -> None:
    assert total(bureaus, "count(DISTINCT invoice_no)") == VOUCHERS
    assert not any("GX-U15A" in bureau.hits() for bureau in bureaus.values())


def test_what_was_withheld_explains_every_difference(bureaus: Bureaus) -> None:
    assert total(bureaus, "count(*) FILTER (WHERE pay_amt <> xpay_amt)") > 0
    assert not any("GX-B05" in bureau.hits() for bureau in bureaus.values())


def test_missing_elements_are_one_alert_per_unit_and_month(bureaus: Bureaus) -> None:
    months = "count(DISTINCT (agency_code, date_trunc('month', vou_date)))"
    lacking = f"{months} FILTER (WHERE {COUNTED['SX-5']})"

    alerts = sum(bureau.alerts()["SX-5"] for bureau in bureaus.values())

    assert alerts == total(bureaus, lacking) == 3_329
