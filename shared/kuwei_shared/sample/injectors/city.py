"""City practice (CT) and topic rules (SX): cash, cards, persons, frequency."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from kuwei_shared.sample.injectors.registry import injector
from kuwei_shared.sample.injectors.scene import Row, Scene
from kuwei_shared.sample.moments import moment, month_end

_FREQUENT = 11
_CASH_TIMES = 10
_SMALL_STAFF = 60


@injector("CT-1")
def public_three(scene: Scene) -> None:
    """A large payment for official cars."""
    row = scene.payment("30231", scene.between(31_000, 46_000))
    scene.owes(row, "CT-1")


@injector("CT-2")
def large_to_person(scene: Scene) -> None:
    """Fees of more than fifty thousand to one person."""
    row = scene.payment("30226", scene.between(51_000, 95_000))
    row |= scene.person()
    scene.owes(row, "CT-2")


@injector("CT-3")
def mixed(scene: Scene) -> None:
    """Running costs booked to the government class of wages."""
    hides = scene.hides()
    unit = scene.unit(lambda one: (one.kind == "institution") == hides)
    row = scene.payment("30299", scene.between(2_000, 30_000), unit=unit)
    wages = "50501" if hides else "50199"
    row["gov_bgt_eco_code"] = wages
    scene.latest("appropriation")["gov_bgt_eco_code"] = wages
    scene.owes(row, "CT-3")


def cash_days(scene: Scene, count: int) -> list[dt.date]:
    """Return a month's first working days, so many."""
    month = scene.months[int(scene.rng.integers(len(scene.months)))]
    return list(month.days[:count])


@injector("CT-4")
def often_cash(scene: Scene) -> None:
    """Ten cash draws in one month."""
    unit = scene.unit()
    days = cash_days(scene, _CASH_TIMES)
    for day in days:
        scene.payment("30399", scene.between(200, 700), unit=unit, day=day)
    last = month_end(days[0])
    scene.owes_subject("agency", unit.code, last, "CT-4", stage="month_end")


@injector("CT-7")
def split_card(scene: Scene) -> None:
    """One purchase swiped twice to stay under the card's limit."""
    day = scene.day(*range(1, 11))
    first = scene.payment("30201", scene.between(29_000, 46_000), day=day)
    second = scene.follow(first, 6, {"pay_amt": scene.between(24_000, 28_900)})
    if scene.hides():
        second["merchant_name"] = f"{first['merchant_name']}二部"
    for row in (first, second):
        scene.owes(row, "CT-7", stage="day_end")


@injector("CT-8")
def month_rush(scene: Scene) -> None:
    """A small unit pays nearly all of its month on the last day."""
    unit = scene.unit(lambda one: one.staff < _SMALL_STAFF)
    month = scene.months[int(scene.rng.integers(len(scene.months) - 1))]
    amount = scene.between(18_000_000, 19_900_000)
    scene.payment("31005", amount, unit=unit, day=month.days[-1])
    last = month_end(month.days[-1])
    scene.owes_subject("agency", unit.code, last, "CT-8", stage="month_end")


@injector("CT-14")
def vague(scene: Scene) -> None:
    """A purpose that says nothing."""
    row = scene.payment("30299", scene.between(2_000, 60_000))
    row["use_des"] = ("其他", "往来款", "费用", "转账")[scene.serial % 4]
    if scene.hides():
        row["use_des"] = ("其他支出", "相关费用", "业务款")[scene.serial % 3]
    scene.owes(row, "CT-14")


@injector("CT-18")
def cash_for_card(scene: Scene) -> None:
    """Cash for what the official card must pay."""
    row = scene.payment("30201", scene.between(120, 900))
    row.update(scene.company("stationery"), set_mode_code="4", card_no=None)
    row.update(merchant_name=None, check_no=f"XJ9{scene.serial:07d}")
    scene.owes(row, "CT-18")


@injector("CT-20", levels=("county", "township"))
def frequent(scene: Scene) -> None:
    """Eleven payments to one payee in a day: the eleventh is too many."""
    row = first = scene.payment("30299", scene.between(700, 900))
    scene.latest("cash_plan")["plan_amt"] = Decimal("20000.00")
    scene.latest("appropriation").update(
        amount=Decimal("30000.00"), dis_amt=Decimal("30000.00")
    )
    scene.latest("project")["total_amt"] = Decimal("40000.00")
    first["create_time"] = moment(first["vou_date"], scene.serial % 50)
    for n in range(1, _FREQUENT):
        row = scene.follow(first, n * 9, {"pay_amt": scene.between(700, 900)})
    scene.owes(row, "CT-20")


@injector("CT-21")
def no_budget(scene: Scene) -> None:
    """Authorised payment that names no appropriation."""
    row: Row = scene.payment("30299", scene.between(2_000, 30_000))
    scene.drop("appropriation", "cash_plan")
    row["bgt_id"] = None
    scene.owes(row, "CT-21")


@injector("SX-5")
def receipt_incomplete(scene: Scene) -> None:
    """Paid, but the receipt names no voucher."""
    row = scene.payment("30227", scene.between(3_000, 60_000))
    scene.owes(scene.receipt(row, {"pay_cert_no": None}), "SX-5")


@injector("SX-10")
def public_unbudgeted(scene: Scene) -> None:
    """Hospitality paid from an appropriation for something else."""
    row = scene.payment("30217", scene.between(300, 900))
    scene.latest("appropriation")["dep_bgt_eco_code"] = "30201"
    scene.owes(row, "SX-10")
