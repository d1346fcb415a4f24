"""The stage a violation is set on: lawful payments on reference rows of their own.

Each payment made here has its own appropriation, plan, project, supplier and
contract, so that breaking one rule breaks no other and disturbs no neighbour.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.sample.calendar import Month
from kuwei_shared.sample.labels import Label, Origin
from kuwei_shared.sample.moments import money
from kuwei_shared.sample.names import TRADES, firms, persons
from kuwei_shared.sample.payees import branch_name
from kuwei_shared.sample.profiles import INDEX, PROFILES, Profile
from kuwei_shared.sample.texts import payer, set_mode, unit_fields
from kuwei_shared.sample.units import AGENT_BANKS, Unit
from kuwei_shared.sample.world import World

Row = dict[str, Any]  # Any: a row holds texts, dates, decimals and booleans
_OPENED = dt.date(2016, 3, 14)
_PER_HEAD = 280
_TAIL = 4
_ZERO = Decimal("0.00")
_COMPOUND = ("欧阳", "司徒", "上官", "诸葛")


@dataclass(slots=True)
class Scene:
    """Makes lawful rows for one node and remembers what was made.

    Attributes:
        world: the node; its ``extra`` takes the reference rows.
        months: the year's working days.
        rng: where every choice comes from.
        rows: payments made, as dictionaries of PAYMENT_SCHEMA.
        labels: hits owed.
        serial: running number of everything made here.
        used: (unit, day) given out by fresh_day.
        disguised: whether the rule broken now should be broken less plainly.
        hidden: whether the injector had a disguise to put on.
    """

    world: World
    months: tuple[Month, ...]
    rng: np.random.Generator
    rows: list[Row] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    serial: int = 0
    used: set[tuple[int, dt.date]] = field(default_factory=set)
    disguised: bool = False
    hidden: bool = False

    # ---- choices

    def between(self, low: float, high: float) -> Decimal:
        """Return an amount in yuan, to the fen, never a round one."""
        fen = int(self.rng.integers(int(low * 100), int(high * 100)))
        return money((fen // 1000 * 1000 + 137 + self.serial % 800) / 100)

    def unit(self, fits: Callable[[Unit], bool] = lambda _: True) -> Unit:
        """Return a budget unit that fits; there must be one."""
        units = self.world.units
        start = int(self.rng.integers(len(units)))
        for step in range(len(units)):
            unit = units[(start + step) % len(units)]
            if fits(unit):
                return unit
        raise KuweiError("sample.unit", "样本中没有合适的预算单位,请增加支付笔数。")

    def stranger(self, unit: Unit) -> Unit:
        """Return a unit of another department."""
        return self.unit(lambda other: other.dept != unit.dept)

    def day(self, *months: int) -> dt.date:
        """Return a working day, of the given months where any are given.

        Never one of a month's last days: those are for injectors that mean them.
        """
        known = [m for m in self.months if not months or m.number in months]
        shares = np.array([m.share for m in known])
        month = known[int(self.rng.choice(len(known), p=shares / shares.sum()))]
        return month.days[int(self.rng.integers(len(month.days) - _TAIL))]

    def next_serial(self) -> int:
        """Return the next running number."""
        self.serial += 1
        return self.serial

    def hides(self) -> bool:
        """Tell whether to disguise what is done now, and note that it was."""
        self.hidden = self.hidden or self.disguised
        return self.disguised

    def begin(self, *, disguised: bool) -> None:
        """Begin breaking a rule once."""
        self.disguised, self.hidden = disguised, False

    # ---- counterparts

    def account(self, name: str, kind: str, agency: str | None = None) -> Row:
        """Register a new payee account and return its payment fields."""
        n = self.next_serial()
        bank = AGENT_BANKS[n % len(AGENT_BANKS)]
        no = f"{self.world.place.code[:6]}{bank}80{n:08d}"
        self.refer("account", acct_no=no, acct_name=name, agency_code=agency,
                   acct_kind=kind, bank_code=bank, opened_on=_OPENED,
                   filed=kind not in {"company", "person"})  # fmt: skip
        return {
            "payee_acct_name": name,
            "payee_acct_no": no,
            "payee_acct_bank_name": branch_name(self.world.place, bank),
        }

    def company(self, trade: str = "service") -> Row:
        """Return a new supplier."""
        known = trade if trade in TRADES else "service"
        name = firms(self.rng, self.world.place.prefix[:3], known, 1)[0]
        return self.account(name, "company")

    def person(self) -> Row:
        """Return a new person's account."""
        name = persons(self.rng, 1)[0]
        if self.hides():  # a name of four characters is a person's too
            name = f"{_COMPOUND[self.serial % len(_COMPOUND)]}{name[-1]}{name[-1]}"
        return self.account(name, "person")

    def own_fund(self, unit: Unit) -> Row:
        """Return a unit's own-fund account as payee."""
        return {
            "payee_acct_name": unit.name,
            "payee_acct_no": unit.own_account,
            "payee_acct_bank_name": branch_name(unit.place, unit.bank),
        }

    def unregistered(self, payee: Row) -> Row:
        """Return a payee with an account that no register knows."""
        number = f"66{self.world.place.code[:6]}{self.next_serial():09d}"
        return {**payee, "payee_acct_no": number}

    def refer(self, table: str, **row: object) -> None:
        """Add a row to a reference table."""
        self.world.extra.setdefault(table, []).append(row)

    # ---- payments

    def payment(
        self,
        eco: str,
        amount: Decimal,
        *,
        unit: Unit | None = None,
        day: dt.date | None = None,
        budget: Row | None = None,
        changed: Row | None = None,
    ) -> Row:
        """Add a lawful payment and return it, to be bent.

        Args:
            eco: department economic class; decides channel, payee and texts.
            amount: yuan.
            unit: who pays; chosen where absent.
            day: business date; chosen where absent.
            budget: changes to the appropriation row, and ``plan`` for its plan.
            changed: payment fields to set.
        """
        unit = unit or self.unit()
        day = day or self.day()
        profile = PROFILES[INDEX.get(eco, INDEX["30299"])]
        n = self.next_serial()
        row: Row = {
            **self._identity(unit, day, n),
            **self._papers(profile, n, day),
            **payer(unit, profile.pay_type),
            **self._payee(profile, unit, amount),
            "dep_bgt_eco_code": eco,
            "gov_bgt_eco_code": profile.gov_institution
            if unit.kind == "institution"
            else profile.gov,
            "exp_func_code": unit.funcs[0],
            "pay_type_code": profile.pay_type,
            "set_mode_code": set_mode(profile.channel),
            "pay_amt": amount,
        }
        row |= self._own_budget(unit, row, budget or {})
        row |= self._contract(profile, unit, row)
        row |= changed or {}
        self.rows.append(row)
        return row

    def follow(self, row: Row, minutes: int, changed: Row | None = None) -> Row:
        """Add another payment like one made before, some minutes later."""
        n = self.next_serial()
        copy = {
            **row,
            **self._numbers(str(row["mof_div_code"]), n),
            "create_time": row["create_time"] + dt.timedelta(minutes=minutes),
            "invoice_no": self._invoice(n) if row["invoice_no"] else None,
            **(changed or {}),
        }
        self.rows.append(copy)
        return copy

    def _invoice(self, n: int) -> str:
        return f"{self.world.year % 100}{self.world.place.code[:6]}8{n:011d}"

    def _numbers(self, div: str, n: int) -> Row:
        number = f"{div}-{self.world.year}-9{n:07d}"
        return {
            "payment_id": f"P-{number}",
            "pay_app_no": f"SQ-{number}",
            "pay_cert_no": f"PZ-{number}",
        }

    def _identity(self, unit: Unit, day: dt.date, n: int) -> Row:
        start = dt.time(9, 5) if n % 2 else dt.time(14, 35)
        moment = dt.datetime.combine(day, start)  # local business time
        return {
            **self._numbers(unit.place.code, n),
            **unit_fields(unit),
            "stage": "voucher",
            "entry_kind": "normal",
            "line_no": 1,
            "fiscal_year": self.world.year,
            "vou_date": day,
            "create_time": moment
            + dt.timedelta(seconds=int(self.rng.integers(0, 7200))),
            "bgt_type_code": "21",
            "fund_type_code": "111",
            "fund_scope": "zero_balance",
            "pay_bus_type_code": "1",
            "fund_traobj_type_code": "11",
        }

    def _papers(self, profile: Profile, n: int, day: dt.date) -> Row:
        text = profile.purposes[n % len(profile.purposes)]
        paid_by_invoice = profile.channel in {"card", "company", "contract"}
        return {
            "use_des": text.format(m=day.month),
            "invoice_no": self._invoice(n) if paid_by_invoice else None,
            "check_no": f"XJ9{n:07d}" if profile.channel == "cash" else None,
            "attach_cnt": 5 + n % 3,
        }

    def _payee(self, profile: Profile, unit: Unit, amount: Decimal) -> Row:
        if profile.channel == "card":
            return self._card(profile, unit, amount)
        if profile.channel in {"person", "cash"}:
            return self.account(persons(self.rng, 1)[0], "person")
        if profile.channel == "payroll":
            return self.known(profile.trade)
        return self.company(profile.trade)

    def known(self, group: str) -> Row:
        """Return the first account of a group of the node's payees."""
        payees = self.world.payees
        row = payees.spans[group][0]
        return {
            "payee_acct_name": payees.name[row],
            "payee_acct_no": payees.acct[row],
            "payee_acct_bank_name": payees.branch(row),
        }

    def _card(self, profile: Profile, unit: Unit, amount: Decimal) -> Row:
        activity = profile.eco in {"30215", "30216", "30217"}
        merchant = firms(self.rng, self.world.place.prefix[:3], profile.trade, 1)[0]
        return {
            **self.known(f"card:{unit.bank}"),
            "card_no": unit.card(0),
            "merchant_name": merchant,
            "person_cnt": max(3, int(amount) // _PER_HEAD + 1) if activity else None,
            "day_cnt": Decimal("1.00") if activity else None,
        }

    def _own_budget(self, unit: Unit, row: Row, changed: Row) -> Row:
        """Give the payment an appropriation, a plan and a project of its own."""
        n, year, amount = self.serial, self.world.year, row["pay_amt"]
        bgt = f"B{year}-{unit.place.code}-{unit.code}-9{n:06d}"
        pro = f"{unit.place.code[:6]}269{n:012d}"
        day = row["vou_date"]
        ample = amount * 3
        self.refer("appropriation", **{
            "bgt_id": bgt, "agency_code": unit.code, "mof_div_code": unit.place.code,
            "fiscal_year": year,
            "cor_bgt_doc_no": f"桂财预〔{year - 1}〕{n % 290 + 1}号",
            "doc_date": dt.date(year - 1, 12, 20), "dis_amt": ample,
            "received_on": dt.date(year - 1, 12, 22), "amount": ample,
            **{k: row[k] for k in ("exp_func_code", "gov_bgt_eco_code",
                                   "dep_bgt_eco_code")},
            "fund_type_code": "111", "pro_code": pro, "is_gov_pur": False,
            **{k: v for k, v in changed.items() if k != "plan"},
        })  # fmt: skip
        self.refer("cash_plan", bgt_id=bgt, plan_month=day.year * 100 + day.month,
                   plan_amt=changed.get("plan", amount * 2 + 1000))  # fmt: skip
        self.refer("project", pro_code=pro, pro_name="业务保障项目", pro_cat_code="31",
                   agency_code=unit.code, total_amt=amount * 4 + 1000,
                   is_livelihood=False,
                   progress_pct=Decimal("85.00"), review_required=False,
                   review_passed=False, start_date=dt.date(year - 1, 9, 1))  # fmt: skip
        return {"bgt_id": bgt, "pro_code": pro}

    def _contract(self, profile: Profile, unit: Unit, row: Row) -> Row:
        if profile.channel != "contract":
            return {}
        number = f"HT-{unit.code}-{self.world.year}-9{self.serial:05d}"
        self.refer("contract", contract_no=number, agency_code=unit.code,
                   supplier_name=row["payee_acct_name"], pur_method_code="open",
                   supplier_acct_no=row["payee_acct_no"], pur_plan_no=f"CG{number[2:]}",
                   contract_amt=row["pay_amt"] * 3,
                   sign_date=dt.date(self.world.year - 1, 9, 10))  # fmt: skip
        self.world.extra["appropriation"][-1]["is_gov_pur"] = True
        return {"contract_no": number}

    def receipt(self, row: Row, changed: Row) -> Row:
        """Add the bank's receipt of a payment made before, of the same id."""
        copy = {
            **row,
            "stage": "receipt",
            "create_time": row["create_time"] + dt.timedelta(minutes=40),
            "xpay_date": row["vou_date"],
            "xpay_amt": row["pay_amt"],
            "agent_business_no": f"JY{row['payment_id'][2:].replace('-', '')}",
            **changed,
        }
        self.rows.append(copy)
        return copy

    def account_day(self, unit: Unit, day: dt.date, **changed: object) -> str:
        """Add a unit's zero-balance account at a day's end; return its key."""
        self.refer("account_day", **{
            "acct_no": unit.zero_account, "balance_date": day,
            "agency_code": unit.code, "acct_kind": "unit_zero",
            "bank_code": unit.bank, "end_balance": _ZERO, "bank_paid_amt": _ZERO,
            "quota_amt": _ZERO, **changed,
        })  # fmt: skip
        return f"{unit.zero_account}|{day}"

    def fresh_day(self, unit: Unit) -> dt.date:
        """Return a working day, not a month's last, this unit was not given before."""
        while True:
            day = self.day()
            last = self.months[day.month - 1].days[-1]
            if day != last and (unit.index, day) not in self.used:
                self.used.add((unit.index, day))
                return day

    # ---- the latest reference rows, to be bent

    def latest(self, table: str) -> Row:
        """Return the row last added to a reference table."""
        return self.world.extra[table][-1]

    def drop(self, *tables: str) -> None:
        """Take back the rows last added to these reference tables."""
        for table in tables:
            self.world.extra[table].pop()

    # ---- labels

    def owes(self, row: Row, *rule_ids: str, stage: str | None = None) -> None:
        """Say that a payment must hit these rules."""
        self.labels.extend(
            Label(
                "payment",
                str(row["payment_id"]),
                rule_id,
                stage or str(row["stage"]),
                str(row["mof_div_code"]),
                row["vou_date"],
                self._origin,
            )
            for rule_id in rule_ids
        )

    def owes_subject(
        self,
        subject: str,
        key: str,
        day: dt.date,
        *rule_ids: str,
        stage: str = "day_end",
    ) -> None:
        """Say that a scheduled rule must hit a subject that is not a payment."""
        div = self.world.place.code
        self.labels.extend(
            Label(subject, key, rule_id, stage, div, day, self._origin)
            for rule_id in rule_ids
        )

    @property
    def _origin(self) -> Origin:
        return Origin.DISGUISED if self.hidden else Origin.PLANTED
