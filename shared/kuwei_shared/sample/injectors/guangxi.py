"""Guangxi article 9 (GX) and Ulanqab article 11 (UL): the spine of the catalogue."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from kuwei_shared.sample.injectors.registry import injector
from kuwei_shared.sample.injectors.scene import Row, Scene
from kuwei_shared.sample.moments import moment, money, month_end
from kuwei_shared.sample.texts import payer

_FAULTY = ("payee_acct_name", "payee_acct_no", "use_des", "set_mode_code")
_SELDOM_MISSED = ("pay_acct_name", "pay_acct_no", "pay_type_code")
_RESEARCH = "206"


@injector("GX-U01")
def over_budget(scene: Scene) -> None:
    """The second payment takes more than the appropriation still holds."""
    day = scene.day(*range(1, 11))
    first = scene.payment("30227", scene.between(8_000, 60_000), day=day)
    amount = first["pay_amt"]
    scene.latest("appropriation").update(amount=amount * 2, dis_amt=amount * 2)
    scene.latest("cash_plan")["plan_amt"] = amount * 4
    over = scene.follow(
        first, 25, {"pay_amt": amount + Decimal("0.03"), **scene.company()}
    )
    scene.owes(over, "GX-U01")


@injector("GX-U02")
def other_purpose(scene: Scene) -> None:
    """Paid from an appropriation of another functional class."""
    unit = scene.unit(lambda one: one.kind == "institution")
    row = scene.payment("30299", scene.between(2_000, 30_000), unit=unit)
    if scene.hides():  # approved for bureaus' services, by class
        scene.latest("appropriation")["gov_bgt_eco_code"] = "502"
        row["gov_bgt_eco_code"] = "50502"
    else:
        scene.latest("appropriation")["exp_func_code"] = "2019999"
    scene.owes(row, "GX-U02")


@injector("GX-U03")
def ahead_of_progress(scene: Scene) -> None:
    """Works paid for far beyond what has been built."""
    amount = scene.between(90_000, 900_000)
    row = scene.payment("31005", amount)
    scene.latest("project").update(total_amt=amount * 2, progress_pct=Decimal("12.00"))
    scene.owes(row, "GX-U03")


@injector("GX-U04")
def no_contract(scene: Scene) -> None:
    """A procurement item without a contract, or with one outside any plan."""
    row = scene.payment("31002", scene.between(6_000, 90_000))
    if scene.serial % 2:
        row["contract_no"] = None
    else:
        scene.latest("contract")["pur_plan_no"] = None
    scene.owes(row, "GX-U04")


@injector("GX-U04A")
def over_contract(scene: Scene) -> None:
    """More on a contract than it was signed for."""
    row = scene.payment("31002", scene.between(6_000, 90_000))
    scene.latest("contract")["contract_amt"] = row["pay_amt"] - Decimal("1.00")
    scene.owes(row, "GX-U04A")


@injector("GX-U05")
def not_reviewed(scene: Scene) -> None:
    """Works that had to pass an investment review and did not."""
    row = scene.payment("31006", scene.between(60_000, 600_000))
    scene.latest("project").update(review_required=True, review_passed=False)
    scene.owes(row, "GX-U05")


@injector("GX-U06")
def wages_by_unit(scene: Scene) -> None:
    """Wages the treasury must pay directly, paid by the unit itself."""
    unit = scene.unit()
    row = scene.payment("30102", scene.between(20_000, 80_000), unit=unit)
    row.update(
        pay_type_code="121", pay_acct_no=unit.zero_account, pay_acct_name=unit.name
    )
    scene.owes(row, "GX-U06")


@injector("GX-U06A")
def over_plan(scene: Scene) -> None:
    """More in a month than its approved plan."""
    amount = scene.between(5_000, 60_000)
    row = scene.payment("30227", amount)
    scene.latest("cash_plan")["plan_amt"] = amount - Decimal("0.01")
    scene.owes(row, "GX-U06A")
    _plan_day(scene, row)


def _plan_day(scene: Scene, row: Row) -> None:
    day = row["vou_date"]
    scene.owes_subject("appropriation", str(row["bgt_id"]), day, "UL-2")


@injector("UL-2")
def over_plan_direct(scene: Scene) -> None:
    """A direct payment beyond the month's plan: seen at the day's end."""
    amount = scene.between(20_000, 300_000)
    row = scene.payment("31002", amount)
    scene.latest("cash_plan")["plan_amt"] = amount - Decimal("50.00")
    _plan_day(scene, row)


@injector("GX-U07")
def to_superior(scene: Scene) -> None:
    """Treasury money moved to the own-fund account of the unit above."""
    unit = scene.unit()
    above = next(u for u in scene.world.units if u.code == unit.parent)
    row = scene.payment(
        "30299", scene.between(3_000, 90_000), unit=unit, changed=scene.own_fund(above)
    )
    row["use_des"] = "办公楼装修款及工会经费" if scene.hides() else "划转项目经费"
    scene.owes(row, "GX-U07", *_rejected(row, scene))


def _rejected(row: Row, scene: Scene) -> tuple[str, ...]:
    """UL-5 refuses the same transfer at city level when a unit authorised it."""
    place = next(p for p in scene.world.places if p.code == row["mof_div_code"])
    return ("UL-5",) if place.level == "city" else ()


@injector("UL-5", levels=("city",))
def to_own_fund(scene: Scene) -> None:
    """Treasury money moved to a sister unit's own-fund account."""
    unit = scene.unit()
    other = scene.stranger(unit)
    payee = scene.own_fund(other)
    if scene.hides():
        payee = scene.unregistered(payee)
    row = scene.payment("30299", scene.between(3_000, 90_000), unit=unit, changed=payee)
    row["use_des"] = "拨付工作协作经费"
    scene.owes(row, "UL-5")


@injector("GX-U08")
def cash(scene: Scene) -> None:
    """Cash drawn above the settlement start for no allowed purpose."""
    unit = scene.unit(lambda one: not one.funcs[0].startswith(_RESEARCH))
    row = scene.payment("30399", scene.between(1_010, 1_090), unit=unit)
    row["use_des"] = "提取备用金购打印机" if scene.hides() else "提现购买零星物资"
    scene.owes(row, "GX-U08")


@injector("GX-U09")
def not_by_card(scene: Scene) -> None:
    """Office expenses paid to a person's account instead of by official card."""
    row = scene.payment("30201", scene.between(300, 3_500))
    row.update(scene.person(), set_mode_code="1", card_no=None, merchant_name=None)
    scene.owes(row, "GX-U09")
    scene.owes(row, "UL-4", stage="day_end")


@injector("UL-4")
def to_person(scene: Scene) -> None:
    """Goods and services money to a personal account."""
    row = scene.payment("30227", scene.between(3_000, 9_000))
    row.update(scene.person(), set_mode_code="1")
    scene.owes(row, "UL-4", stage="day_end")


@injector("GX-U10")
def large(scene: Scene) -> None:
    """Twenty million or more at once."""
    day = scene.day(*range(1, 12))
    row = scene.payment("31005", scene.between(20_000_000, 46_000_000), day=day)
    scene.owes(row, "GX-U10")


@injector("GX-U11")
def repay_advance(scene: Scene) -> None:
    """Treasury money pays back what an own-fund account had advanced."""
    unit = scene.unit()
    row = scene.payment(
        "30299", scene.between(3_000, 90_000), unit=unit, changed=scene.own_fund(unit)
    )
    row["use_des"] = "归还前期借用资金" if scene.hides() else "归还前期垫付项目款"
    scene.owes(row, "GX-U11", "GX-U07", *_rejected(row, scene))


@injector("GX-U12")
def incomplete(scene: Scene) -> None:
    """A voucher with an element left blank."""
    row = scene.payment("30227", scene.between(3_000, 60_000))
    faulty = _SELDOM_MISSED if scene.hides() else _FAULTY
    row[faulty[scene.serial % len(faulty)]] = None
    scene.owes(row, "GX-U12")


@injector("GX-U13")
def account_not_filed(scene: Scene) -> None:
    """Paid from an account never filed, or closed some days before."""
    row = scene.payment("30227", scene.between(3_000, 60_000))
    unit = next(u for u in scene.world.units if u.code == row["agency_code"])
    day = row["vou_date"]
    payer = scene.account(unit.name, "unit_zero", unit.code)
    if scene.serial % 2:
        scene.latest("account")["filed"] = False
    else:
        scene.latest("account")["closed_on"] = day - dt.timedelta(days=9)
    row["pay_acct_no"] = payer["payee_acct_no"]
    scene.owes(row, "GX-U13")


@injector("GX-U14")
def one_hand(scene: Scene) -> None:
    """Maker and checker are the same."""
    row = scene.payment("30227", scene.between(3_000, 60_000))
    row["checker_code"] = row["maker_code"]
    scene.owes(row, "GX-U14")


@injector("GX-U15A")
def invoice_again(scene: Scene) -> None:
    """The same invoice for the same amount, paid again on a later day."""
    first, again = _pair(scene, scene.between(2_000, 9_000))
    number = first["invoice_no"]
    again["invoice_no"] = f"{number}-1" if scene.hides() else number
    again |= scene.company()
    scene.owes(again, "GX-U15A")


@injector("GX-U15B")
def amount_again(scene: Scene) -> None:
    """The same amount to the same payee within a month, on another invoice."""
    _, again = _pair(scene, scene.between(12_000, 60_000))
    if scene.hides():
        again |= scene.unregistered({})
    scene.owes(again, "GX-U15B")


def _pair(scene: Scene, amount: Decimal) -> tuple[Row, Row]:
    """Pay twice from one appropriation, a few working days apart in a month."""
    month = scene.months[int(scene.rng.integers(len(scene.months)))]
    early = int(scene.rng.integers(0, len(month.days) - 6))
    first = scene.payment("30227", amount, day=month.days[early])
    scene.latest("appropriation").update(amount=amount * 5, dis_amt=amount * 5)
    scene.latest("cash_plan")["plan_amt"] = amount * 3
    later = month.days[early + 4]
    again = scene.follow(
        first, 0, {"vou_date": later, "create_time": moment(later, 72)}
    )
    return first, again


@injector("GX-U15C")
def round_sum(scene: Scene) -> None:
    """Whole millions without a contract."""
    unit, day = scene.unit(), scene.day(*range(1, 12))
    amount = Decimal(int(scene.rng.integers(1, 7)) * 1_000_000)
    row = scene.payment("30227", amount.quantize(Decimal("0.01")), unit=unit, day=day)
    row.update(payer(unit, "114"), pay_type_code="114")
    scene.owes(row, "GX-U15C")


@injector("GX-U15E")
def nothing_to_take_back(scene: Scene) -> None:
    """A refund of a payment nobody reported."""
    # Small, so that no appropriation of note stays unused.
    other = scene.payment("30227", scene.between(300, 2_900))
    changed = {
        "entry_kind": "refund",
        "orig_payment_id": f"{other['payment_id']}-0",
        "pay_amt": -scene.between(100, 290),
    }
    refund = scene.follow(other, 35, changed)
    scene.owes(refund, "GX-U15E", stage="day_end")


@injector("UL-1")
def over_cash_limit(scene: Scene) -> None:
    """Cash drawn in a day beyond the unit's standing limit, for allowed ends."""
    unit = scene.unit(lambda one: not one.funcs[0].startswith(_RESEARCH))
    amount = money(unit.cash_limit // 100) + scene.between(30, 600)
    row = scene.payment("30399", amount, unit=unit)
    row["use_des"] = "提取备用金"
    day = row["vou_date"]
    scene.owes_subject("agency", unit.code, day, "UL-1")


@injector("UL-3")
def few_cards(scene: Scene) -> None:
    """Travel paid by transfer in a month, so that cards settle under half."""
    unit = scene.unit()
    row = scene.payment("30211", scene.between(900_000, 1_200_000), unit=unit)
    row.update(scene.company("travel"), set_mode_code="1", card_no=None)
    row["merchant_name"] = None
    last = month_end(row["vou_date"])
    scene.owes_subject("agency", unit.code, last, "UL-3", stage="month_end")
