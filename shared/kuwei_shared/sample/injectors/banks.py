"""Agent banks (GX-B): accounts that keep money, receipts that differ, late reports."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from kuwei_shared.sample.injectors.registry import injector
from kuwei_shared.sample.injectors.scene import Scene
from kuwei_shared.sample.names import BANKS
from kuwei_shared.sample.units import AGENT_BANKS

_NOT_AGENT = next(code for code, _, agent in BANKS if not agent)
_LATE = dt.timedelta(days=6)


@injector("GX-B01")
def not_agent(scene: Scene) -> None:
    """Paid through a bank whose agency agreement has ended."""
    row = scene.payment("30227", scene.between(3_000, 60_000))
    row["pay_bank_code"] = _NOT_AGENT
    scene.owes(row, "GX-B01")


@injector("GX-B02")
def moved_without_order(scene: Scene) -> None:
    """The bank moved far more than the unit ordered in three days."""
    unit = scene.unit()
    day = scene.fresh_day(unit)
    paid = scene.between(20_000_000, 30_000_000)
    key = scene.account_day(unit, day, bank_paid_amt=paid, quota_amt=paid + 1)
    scene.owes_subject("account_day", key, day, "GX-B02")


@injector("GX-B03")
def over_quota(scene: Scene) -> None:
    """The bank paid what was ordered, but beyond its quota."""
    unit = scene.unit()
    day = scene.fresh_day(unit)
    row = scene.payment("30227", scene.between(200_000, 400_000), unit=unit, day=day)
    paid = row["pay_amt"] / 4
    quota = (paid / 2).quantize(Decimal("0.01"))
    key = scene.account_day(
        unit, day, bank_paid_amt=paid.quantize(Decimal("0.01")), quota_amt=quota
    )
    scene.owes_subject("account_day", key, day, "GX-B03")


@injector("GX-B04")
def money_left(scene: Scene) -> None:
    """A zero-balance account that was not at zero at the day's end."""
    unit = scene.unit()
    day = scene.fresh_day(unit)
    key = scene.account_day(unit, day, end_balance=scene.between(10, 9_000))
    scene.owes_subject("account_day", key, day, "GX-B04")


@injector("GX-B05")
def receipt_differs(scene: Scene) -> None:
    """The bank's receipt names another amount, or a day before the voucher."""
    row = scene.payment("30227", scene.between(3_000, 60_000))
    if scene.serial % 2:
        changed = {"xpay_amt": row["pay_amt"] + Decimal("100.00")}
    else:
        changed = {"xpay_date": row["vou_date"] - dt.timedelta(days=2)}
    scene.owes(scene.receipt(row, changed), "GX-B05")


def _report(scene: Scene, kind: str, **changed: object) -> tuple[str, dt.date]:
    n = scene.next_serial()
    bank, day = AGENT_BANKS[n % len(AGENT_BANKS)], scene.day()
    key = f"R-{scene.world.place.code}-{bank}-{day:%Y%m%d}-{kind}-{n}"
    scene.refer("bank_report", **{
        "report_id": key, "bank_code": bank, "report_kind": kind, "due_date": day,
        "received_on": day, "diff_amt": Decimal("0.00"), **changed,
    })  # fmt: skip
    return key, day


@injector("GX-B06")
def report_late(scene: Scene) -> None:
    """A daily report sent days late, or returned as wrong."""
    if scene.serial % 2:
        key, day = _report(scene, "daily", return_reason="回单要素与支付指令不符")
    else:
        key, day = _report(scene, "daily")
        scene.latest("bank_report")["received_on"] = day + _LATE
    scene.owes_subject("bank_report", key, day, "GX-B06")


@injector("GX-B08")
def statement_off(scene: Scene) -> None:
    """A reconciliation statement that is late, or does not agree with the books."""
    if scene.serial % 2:
        key, day = _report(scene, "reconciliation", diff_amt=scene.between(50, 5_000))
    else:
        key, day = _report(scene, "reconciliation")
        scene.latest("bank_report")["received_on"] = day + _LATE
    scene.owes_subject("bank_report", key, day, "GX-B08")
