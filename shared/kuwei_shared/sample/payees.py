"""Who is paid: one table of payee accounts per node, addressed by row.

Suppliers are pooled by trade. A unit walks through its own stretch of a pool,
so that it keeps its suppliers yet never pays one twice within a few days.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from kuwei_shared.sample.names import BANKS, TRADES, firms, numeral, persons
from kuwei_shared.sample.places import Place
from kuwei_shared.sample.units import AGENT_BANKS, Unit

# Suppliers of one trade one unit deals with.
STRETCH = 40
# Card repayment accounts of one bank at one place.
CARD_ACCOUNTS = 9
# Shops whose names could be a person's; like canteens, in nobody's register.
QUAINT = (
    "福满楼", "百味居", "老街坊", "聚宝斋", "一品轩", "清风阁", "金玉堂", "万家福",
    "和顺斋", "明月楼", "博雅轩", "常青藤", "小肥羊", "老百姓", "千里香", "好又来",
)  # fmt: skip
_POOL_MIN, _POOL_MAX = 60, 4_000
_PERSONS_MIN, _PERSONS_MAX = 120, 20_000
_BANK_NAMES = {code: name for code, name, _ in BANKS}


@dataclass(slots=True)
class Payees:
    """Columns of the table, and where each group of rows lies.

    Attributes:
        name, acct, bank, kind: parallel columns.
        spans: group name (a trade, ``person``, ``payroll``, ``card:901``…) to
            (first row, rows). ``own`` and ``kitchen`` have one row per unit.
    """

    place: Place
    name: list[str] = field(default_factory=list)
    acct: list[str] = field(default_factory=list)
    bank: list[str] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, group: str, kind: str, names: list[str]) -> None:
        """Append a group of accounts, banks taken in turn."""
        start = len(self.name)
        self.spans[group] = (start, len(names))
        for offset, name in enumerate(names):
            row = start + offset
            bank = BANKS[row % len(BANKS)][0]
            self.append(name, f"{self.place.code[:6]}{bank}60{row:08d}", bank, kind)

    def append(self, name: str, acct: str, bank: str, kind: str) -> int:
        """Append one account and return its row."""
        self.name.append(name)
        self.acct.append(acct)
        self.bank.append(bank)
        self.kind.append(kind)
        return len(self.name) - 1

    def branch(self, row: int) -> str:
        """Return the name of the bank branch that keeps the account."""
        return branch_name(self.place, self.bank[row])


def branch_name(place: Place, bank: str) -> str:
    """Return a bank's branch at a place, e.g. 桂江银行南宁市兴宁区支行."""
    return f"{_BANK_NAMES[bank]}{place.prefix.removesuffix('本级')}支行"


def build_payees(rng: np.random.Generator, place: Place, units: list[Unit]) -> Payees:
    """Return a node's payees, sized to its units."""
    payees = Payees(place)
    payees.add("payroll", "salary", [f"{place.prefix}财政工资统发专户"])
    payees.add("insurance", "special", [f"{place.prefix}社会保险基金财政专户"])
    payees.add("housing", "special", [f"{place.prefix}住房公积金管理中心缴存专户"])
    for bank in AGENT_BANKS:
        start = len(payees.name)
        for n in range(1, CARD_ACCOUNTS + 1):
            name = f"{_BANK_NAMES[bank]}公务卡还款专户{numeral(n)}"
            no = f"{place.code[:6]}{bank}70999{n}"
            payees.append(name, no, bank, "card_settle")
        payees.spans[f"card:{bank}"] = (start, CARD_ACCOUNTS)
    pool = min(_POOL_MAX, max(_POOL_MIN, len(units) * 3))
    city = place.prefix[:3] if place.level == "county" else place.prefix
    for trade in TRADES:
        payees.add(trade, "company", firms(rng, city, trade, pool))
    count = min(_PERSONS_MAX, max(_PERSONS_MIN, len(units) * 30))
    payees.add("person", "person", persons(rng, count))
    payees.add("quaint", "unknown", list(QUAINT))
    payees.add("kitchen", "unknown", [f"{unit.name}食堂" for unit in units])
    payees.spans["own"] = (len(payees.name), len(units))
    for unit in units:
        payees.append(unit.name, unit.own_account, unit.bank, "own_fund")
    return payees
