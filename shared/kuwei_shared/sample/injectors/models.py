"""Community audit models (M0xx): the year's last days, split purchases."""

from __future__ import annotations

from decimal import Decimal

from kuwei_shared.sample.injectors.registry import injector
from kuwei_shared.sample.injectors.scene import Scene
from kuwei_shared.sample.moments import moment

_PARTS = 7
_LAST_TEN = 21


@injector("M002")
def last_days(scene: Scene) -> None:
    """A million and more between Christmas and the last days of the year."""
    days = [day for day in scene.months[11].days[:-4] if day.day >= _LAST_TEN]
    day = days[int(scene.rng.integers(len(days)))]
    row = scene.payment("31005", scene.between(1_100_000, 4_000_000), day=day)
    scene.owes(row, "M002")


@injector("M008")
def split_purchase(scene: Scene) -> None:
    """Seven purchases of one thing from one supplier, each under the limit."""
    month = scene.months[int(scene.rng.integers(10))]
    first = scene.payment("30227", scene.between(290_000, 310_000), day=month.days[0])
    whole = first["pay_amt"] * 8
    scene.latest("appropriation").update(amount=whole, dis_amt=whole)
    scene.latest("cash_plan")["plan_amt"] = whole
    scene.latest("project")["total_amt"] = whole * 2
    rows, veiled = [first], scene.hides()
    for n in range(1, _PARTS):
        day = month.days[n]
        changed = {
            "vou_date": day,
            "create_time": moment(day, 30 + n),
            "pay_amt": scene.between(260_000, 289_000),
        }
        if veiled:  # shared out among suppliers
            changed |= scene.company()
        rows.append(scene.follow(first, 0, changed))
    for row in rows:
        scene.owes(row, "M008", stage="month_end")


@injector("M020")
def public_from_livelihood(scene: Scene) -> None:
    """Cars run on money meant for a livelihood project."""
    row = scene.payment("30231", scene.between(300, 5_000))
    scene.latest("project").update(is_livelihood=True, progress_pct=Decimal("85.00"))
    scene.owes(row, "M020")
