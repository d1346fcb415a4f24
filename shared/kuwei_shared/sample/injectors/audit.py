"""The audit office's methods (A01xx): wrong headings, luxuries, year-end rush."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from kuwei_shared.sample.injectors.registry import injector
from kuwei_shared.sample.injectors.scene import Scene

_CENT = Decimal("0.01")


def _worded(scene: Scene, rule_id: str, eco: str, text: str, veiled: str) -> None:
    """Pay two to nine thousand for a purpose that gives it away, or is veiled."""
    row = scene.payment(eco, scene.between(2_000, 9_000))
    row["use_des"] = veiled if scene.hides() else text
    scene.owes(row, rule_id)


def year_end(scene: Scene) -> dt.date:
    """Return the last day of the budget year."""
    return dt.date(scene.world.year, 12, 31)


@injector("A0105")
def barely_used(scene: Scene) -> None:
    """An appropriation of which a tenth is paid by the year's end."""
    row = scene.payment("30227", scene.between(15_000, 40_000))
    whole = row["pay_amt"] * 10
    scene.latest("appropriation").update(amount=whole, dis_amt=whole)
    scene.owes_subject(
        "appropriation", row["bgt_id"], year_end(scene), "A0105", stage="month_end"
    )


@injector("A0108")
def same_name(scene: Scene) -> None:
    """To an account in the unit's own name that no register knows."""
    row = scene.payment("30299", scene.between(3_000, 60_000))
    name = row["agency_name"]
    row |= scene.unregistered({})
    row["payee_acct_name"] = f"{name}(基本户)" if scene.hides() else name
    scene.owes(row, "A0108")


@injector("A0109")
def union(scene: Scene) -> None:
    """Unit money spent in the union's name under another heading."""
    row = scene.payment("30299", scene.between(11_000, 60_000))
    row["use_des"] = "职工之家活动服装款" if scene.hides() else "支付工会活动服装款"
    scene.owes(row, "A0109")


@injector("A0110")
def rushed(scene: Scene) -> None:
    """Most of an appropriation paid in November and December."""
    row = scene.payment("30227", scene.between(90_000, 300_000), day=scene.day(11, 12))
    whole = (row["pay_amt"] / Decimal("0.7")).quantize(_CENT)
    scene.latest("appropriation").update(amount=whole, dis_amt=whole)
    scene.owes_subject(
        "appropriation", row["bgt_id"], year_end(scene), "A0110", stage="month_end"
    )


@injector("A0112")
def abroad(scene: Scene) -> None:
    """Travel abroad under another heading."""
    _worded(
        scene, "A0112", "30299", "付经贸考察团签证及国际机票款", "赴新加坡考察机票款"
    )


@injector("A0114")
def vehicle(scene: Scene) -> None:
    """Running an official car out of the repair heading."""
    _worded(scene, "A0114", "30213", "公务用车更换轮胎及保养", "轿车更换轮胎及机油")


@injector("A0116")
def hospitality(scene: Scene) -> None:
    """Hosting guests out of office expenses."""
    _worded(scene, "A0116", "30201", "接待上级检查组用餐", "陪同检查组工作餐")


@injector("A0118")
def meeting(scene: Scene) -> None:
    """A meeting paid from office expenses."""
    _worded(scene, "A0118", "30201", "年度工作会场租及会务费", "年度工作会场租及用餐")


@injector("A0122")
def luxury(scene: Scene) -> None:
    """Gifts and the like."""
    _worded(scene, "A0122", "30299", "购买节日礼品", "购茅台两箱")


@injector("A0123")
def round_shopping(scene: Scene) -> None:
    """A round sum to a supermarket."""
    place = scene.world.place.prefix[:3]
    shop = "仓储会员店有限公司" if scene.hides() else "购物超市有限公司"
    payee = scene.account(f"{place}惠民{shop}", "company")
    amount = Decimal(int(scene.rng.integers(12, 90)) * 100).quantize(_CENT)
    row = scene.payment("30299", amount, changed=payee)
    scene.owes(row, "A0123")


@injector("A0127")
def prepaid(scene: Scene) -> None:
    """Hotels prepaid in the fourth quarter."""
    row = scene.payment("30299", scene.between(11_000, 60_000), day=scene.day(10, 11))
    row["use_des"] = "预缴酒店房费" if scene.hides() else "预付酒店房费"
    scene.owes(row, "A0127")
