"""Reference tables that do not depend on what was paid: units to bank reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal

import numpy as np

from kuwei_shared.sample.calendar import year_months
from kuwei_shared.sample.names import BANKS, persons
from kuwei_shared.sample.places import Place, all_places
from kuwei_shared.sample.texts import special_account, treasury_account
from kuwei_shared.sample.units import AGENT_BANKS, CARDS_PER_UNIT
from kuwei_shared.sample.world import World

Row = dict[str, object]
_CARD_LIMIT = Decimal("50000.00")
_OPENED = dt.date(2015, 6, 1)


def yuan(fen: int) -> Decimal:
    """Return fen as an exact amount in yuan."""
    return Decimal(fen).scaleb(-2)


def jurisdiction(world: World, _: np.random.Generator) -> Iterator[Row]:
    """Yield the bureau, its townships, and the chain above it."""
    known = all_places()
    chain: list[Place] = list(world.places)
    above = world.place.fiscal_parent
    while above:
        chain.append(known[above])
        above = known[above].fiscal_parent
    for place in chain:
        yield {
            "mof_div_code": place.code,
            "mof_div_name": place.name,
            "level": place.level,
            "fiscal_parent": place.fiscal_parent,
            "fiscal_year_end": 12,
        }


def agency(world: World, _: np.random.Generator) -> Iterator[Row]:
    """Yield the budget units."""
    for unit in world.units:
        yield {
            "agency_code": unit.code,
            "agency_name": unit.name,
            "mof_div_code": unit.place.code,
            "dept_code": unit.dept,
            "parent_code": unit.parent,
            "agency_kind": unit.kind,
            "is_key": unit.is_key,
            "cash_limit": yuan(unit.cash_limit),
            "unifsoc_cred_code": unit.credit_code,
        }


def _account(
    no: str, name: str, kind: str, bank: str, agency: str | None = None
) -> Row:
    return {
        "acct_no": no,
        "acct_name": name,
        "agency_code": agency,
        "acct_kind": kind,
        "bank_code": bank,
        "filed": kind not in {"company", "person"},
        "opened_on": _OPENED,
        "closed_on": None,
    }


def account(world: World, _: np.random.Generator) -> Iterator[Row]:
    """Yield accounts of every kind: the treasury's, the units', the payees'."""
    for place in world.places:
        for bank in AGENT_BANKS:
            no = treasury_account(place, bank)
            yield _account(no, f"{place.prefix}财政国库", "treasury_zero", bank)
            name = f"{place.prefix}国库集中支付清算户"
            yield _account(f"{no[:-4]}0009", name, "clearing", bank)
            no = special_account(place, bank)
            yield _account(no, f"{place.prefix}财政专户", "special", bank)
    for unit in world.units:
        yield _account(unit.zero_account, unit.name, "unit_zero", unit.bank, unit.code)
        yield _account(unit.own_account, unit.name, "own_fund", unit.bank, unit.code)
    payees = world.payees
    for row in range(len(payees.name)):
        if payees.kind[row] in {"own_fund", "unknown"}:
            continue
        yield _account(
            payees.acct[row], payees.name[row], payees.kind[row], payees.bank[row]
        )


def official_card(world: World, rng: np.random.Generator) -> Iterator[Row]:
    """Yield the units' cards."""
    holders = persons(rng, len(world.units) * CARDS_PER_UNIT)
    for unit in world.units:
        for n in range(CARDS_PER_UNIT):
            yield {
                "card_no": unit.card(n),
                "agency_code": unit.code,
                "holder_name": holders[unit.index * CARDS_PER_UNIT + n],
                "bank_code": unit.bank,
                "credit_limit": _CARD_LIMIT,
            }


def bank(world: World, _: np.random.Generator) -> Iterator[Row]:
    """Yield the banks, most of them under an agency agreement."""
    for code, name, agent in BANKS:
        yield {
            "bank_code": code,
            "bank_name": name,
            "is_agent": agent,
            "agreement_from": dt.date(world.year - 4, 1, 1),
            "agreement_to": dt.date(world.year + (2 if agent else -1), 12, 31),
        }


def account_day(world: World, rng: np.random.Generator) -> Iterator[Row]:
    """Yield zero-balance accounts at each month's last working day."""
    for month in year_months(world.year):
        day, paid = month.days[-1], world.tally.bank[month.number - 1]
        for unit in world.units:
            fen = int(paid[unit.index])
            if fen < 0:
                continue
            yield {
                "acct_no": unit.zero_account,
                "balance_date": day,
                "agency_code": unit.code,
                "acct_kind": "unit_zero",
                "bank_code": unit.bank,
                "end_balance": yuan(0),
                "bank_paid_amt": yuan(fen),
                "quota_amt": yuan(fen + int(rng.integers(100_000, 9_000_000))),
            }
        for place in world.places:
            for code in AGENT_BANKS:
                yield {
                    "acct_no": treasury_account(place, code),
                    "balance_date": day,
                    "acct_kind": "treasury_zero",
                    "bank_code": code,
                    "end_balance": yuan(0),
                    "bank_paid_amt": yuan(0),
                    "quota_amt": yuan(0),
                }


def bank_report(world: World, _: np.random.Generator) -> Iterator[Row]:
    """Yield what each agent bank reported: daily, and statements at month end."""
    for month in year_months(world.year):
        for day in month.days:
            kinds = ["daily", "receipt"]
            if day == month.days[-1]:
                kinds.append("reconciliation")
            for code in AGENT_BANKS:
                for kind in kinds:
                    yield {
                        "report_id": f"R-{world.place.code}-{code}-{day:%Y%m%d}-{kind}",
                        "bank_code": code,
                        "report_kind": kind,
                        "due_date": day,
                        "received_on": day,
                        "diff_amt": Decimal("0.00"),
                        "return_reason": None,
                    }


TABLES: dict[str, Callable[[World, np.random.Generator], Iterator[Row]]] = {
    "jurisdiction": jurisdiction,
    "agency": agency,
    "account": account,
    "official_card": official_card,
    "bank": bank,
    "account_day": account_day,
    "bank_report": bank_report,
}
