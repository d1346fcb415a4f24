"""Direct funds (DF): late, misplaced, slow, or moved where they may not go."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from kuwei_shared.sample.injectors.registry import injector
from kuwei_shared.sample.injectors.scene import Row, Scene
from kuwei_shared.sample.moments import month_end

_CENT = Decimal("0.01")
_DUE_DAYS = 31


def _direct(scene: Scene, share: str = "0.95") -> Row:
    """Pay a share of a direct fund early in the year, lawfully."""
    row = scene.payment("30227", scene.between(5_000, 90_000), day=scene.day(1, 2))
    whole = (row["pay_amt"] / Decimal(share)).quantize(_CENT)
    scene.latest("appropriation").update(
        amount=whole,
        dis_amt=whole,
        sup_bgt_doc_no=f"桂财预〔{scene.world.year - 1}〕{scene.serial % 290 + 1}号",
        track_pro_code=f"ZD{scene.world.year}{scene.serial % 9 + 1:03d}",
    )
    return row


@injector("DF-01")
def not_passed_on(scene: Scene) -> None:
    """A fund not wholly allocated a month after it was received."""
    row = _direct(scene)
    fund = scene.latest("appropriation")
    fund["dis_amt"] = (fund["amount"] / 2).quantize(_CENT)
    due = fund["received_on"] + dt.timedelta(days=_DUE_DAYS)
    scene.owes_subject("appropriation", row["bgt_id"], due, "DF-01")


@injector("DF-04")
def odd_document(scene: Scene) -> None:
    """A document number not of the official form."""
    row = scene.payment("30227", scene.between(5_000, 40_000))
    scene.latest("appropriation")["cor_bgt_doc_no"] = "财预字第15号文"
    first = month_end(dt.date(scene.world.year, 1, 1))
    scene.owes_subject(
        "appropriation", row["bgt_id"], first, "DF-04", stage="month_end"
    )


@injector("DF-05")
def odd_class(scene: Scene) -> None:
    """A direct fund spent under a functional class it cannot belong to."""
    row = _direct(scene)
    row["exp_func_code"] = "2030601"
    scene.latest("appropriation")["exp_func_code"] = "2030601"
    scene.owes(row, "DF-05")


@injector("DF-06")
def odd_account(scene: Scene) -> None:
    """A direct fund paid to something that is not an account number."""
    row = _direct(scene)
    if scene.hides():
        row["payee_acct_no"] = "00000000"
    else:  # the voucher is inaccurate too
        row["payee_acct_no"] = "待补"
        scene.owes(row, "GX-U12")
    scene.owes(row, "DF-06", stage="day_end")


@injector("DF-07")
def slow(scene: Scene) -> None:
    """A third paid in winter and nothing since: behind from July on."""
    row = _direct(scene, "0.34")
    for month in range(7, 13):
        last = month_end(dt.date(scene.world.year, month, 1))
        scene.owes_subject(
            "appropriation", row["bgt_id"], last, "DF-07", stage="month_end"
        )


@injector("DF-09")
def to_special(scene: Scene) -> None:
    """A direct fund moved into a fiscal special account."""
    row = _direct(scene)
    special = scene.known("insurance")
    row.update(scene.unregistered(special) if scene.hides() else special)
    scene.owes(row, "DF-09")
