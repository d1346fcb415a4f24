"""Meetings and training (MT, MF-16): places, papers, days, heads, standards."""

from __future__ import annotations

from decimal import Decimal

from kuwei_shared.sample.injectors.registry import injector
from kuwei_shared.sample.injectors.scene import Row, Scene
from kuwei_shared.sample.texts import payer


def _meeting(scene: Scene, **changed: object) -> Row:
    row = scene.payment("30215", scene.between(2_000, 9_000))
    row.update(changed)
    return row


@injector("MT-01")
def scenic(scene: Scene) -> None:
    """A meeting at a scenic spot where none may be held."""
    scene.owes(_meeting(scene, use_des="赴漓江景区召开座谈会会议费"), "MT-01")


@injector("MT-04")
def few_papers(scene: Scene) -> None:
    """A meeting without its plan, notice, signatures, bill."""
    count = None if scene.hides() else 2
    scene.owes(_meeting(scene, attach_cnt=count), "MT-04")


@injector("MT-06")
def many_days(scene: Scene) -> None:
    """A meeting of five days."""
    days = None if scene.hides() else Decimal("5.00")
    scene.owes(_meeting(scene, day_cnt=days), "MT-06")


@injector("MT-07")
def many_heads(scene: Scene) -> None:
    """A meeting of more people than its class allows."""
    heads = None if scene.hides() else 360
    scene.owes(_meeting(scene, person_cnt=heads), "MT-07")


@injector("MT-08")
def dear_meeting(scene: Scene) -> None:
    """A meeting beyond the standard per head and day."""
    heads = None if scene.hides() else 2
    scene.owes(_meeting(scene, person_cnt=heads), "MT-08")


@injector("MF-16-1")
def dear_training(scene: Scene) -> None:
    """Training beyond the standard per head and day."""
    row = scene.payment("30216", scene.between(2_000, 9_000))
    row["person_cnt"] = None if scene.hides() else 2
    scene.owes(row, "MF-16-1")


@injector("MF-16-2")
def research_cash(scene: Scene) -> None:
    """Research money drawn in cash."""
    row = scene.payment("30399", scene.between(1_010, 1_090))
    row.update(exp_func_code="2060404", use_des="提取野外调查差旅备用金")
    scene.latest("appropriation")["exp_func_code"] = "2060404"
    scene.owes(row, "MF-16-2")


def _sideways(scene: Scene, pay_type: str) -> Row:
    """Pay another department's own-fund account directly."""
    unit = scene.unit()
    payee = scene.own_fund(scene.stranger(unit))
    if scene.hides():
        payee = scene.unregistered(payee)
    row = scene.payment("30227", scene.between(5_000, 90_000), unit=unit, changed=payee)
    row.update(payer(unit, pay_type), pay_type_code=pay_type)
    row["use_des"] = "拨付项目协作经费"
    return row


@injector("MF-16-3")
def livelihood(scene: Scene) -> None:
    """Livelihood money moved to a unit's own-fund account."""
    row = _sideways(scene, "114")
    scene.latest("project")["is_livelihood"] = True
    scene.owes(row, "MF-16-3")


@injector("MF-16-4")
def transfer(scene: Scene) -> None:
    """Transfer payments moved to a unit's own-fund account."""
    row = _sideways(scene, "2")
    row["fund_scope"] = "transfer"
    scene.owes(row, "MF-16-4")
