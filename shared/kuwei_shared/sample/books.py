"""Reference tables whose sums must bear the year: appropriations to contracts.

Written after the payments, so that every ordinary payment finds money, plan,
progress and contract enough at the moment it is made.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kuwei_shared.sample.frame import money
from kuwei_shared.sample.lines import I64, OWN
from kuwei_shared.sample.profiles import PROFILES
from kuwei_shared.sample.texts import Texts
from kuwei_shared.sample.world import World

Columns = dict[str, pa.Array]
_EPOCH = dt.date(1970, 1, 1)
_TEN, _THOUSAND, _SMALL = 1_000, 100_000, 1_000_000  # fen
_PLAN_SLACK, _YEAR_SLACK, _LATE_SLACK = 1.05, 1.06, 2.15
_CONTRACT_SLACK = 1.04
_PROGRESS_SLACK = 1.08
_NOVEMBER = 10
_EXACT_EVERY = 11  # one plan and one contract in so many is used up exactly
_CLASS_EVERY, _CLASS_LINE = 7, 3  # approved by class, not by item
_PROGRESS_AHEAD = 0.85  # of the slack's total, where money runs before works
_LAG = 0.19  # of the year that a direct fund may lie behind the calendar
_TRACKED = np.isin(
    [profile.eco for profile in PROFILES],
    ["30305", "30308", "30227", "31003", "31005", "31006"],
)
_GOV_PUR = np.array([profile.channel == "contract" for profile in PROFILES])


def _up(fen: npt.NDArray[np.float64]) -> I64:
    """Round up: to thousands of yuan, what is small to tens."""
    step = np.where(fen < _SMALL, _TEN, _THOUSAND)
    return np.asarray(np.maximum(np.ceil(fen / step), 1) * step, dtype=np.int64)


def _days(start: dt.date, offsets: I64) -> pa.Array:
    days = (start - _EPOCH).days + offsets
    return pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32())


def _texts(values: list[str | None]) -> pa.Array:
    return pa.array(values, pa.string())


def _plans(world: World) -> I64:
    """Return the approved plan by month and line, 0 where nothing is paid.

    Own funds have none; some plans are used to the last fen.
    """
    used = world.tally.plan
    plans = np.where(used > 0, _up(used.astype(np.float64) * _PLAN_SLACK), 0)
    months, lines = np.indices(used.shape)
    plans = np.where((months + lines) % _EXACT_EVERY == 0, used, plans)
    return np.where(world.lines.scope == OWN, 0, plans)


def _amounts(world: World, plans: I64) -> I64:
    """Return each line's amount: its plans, and no rush in November and December."""
    total = plans.sum(axis=0) * _YEAR_SLACK
    late = world.tally.plan[_NOVEMBER:].sum(axis=0) * _LATE_SLACK
    return _up(np.maximum(total, late))


def _used(world: World) -> I64:
    paid = world.tally.plan.sum(axis=0) > 0
    return np.flatnonzero(paid & (world.lines.scope != OWN))


def _classes(codes: pa.Array, chosen: npt.NDArray[np.bool_]) -> pa.Array:
    """Return economic classes, some of them cut to the class of three digits."""
    return pc.if_else(pa.array(chosen), pc.utf8_slice_codeunits(codes, 0, 3), codes)


def _doc_no(world: World, row: int, *, upper: bool) -> str:
    word = "桂" if upper or world.place.level == "province" else world.place.name[0]
    return f"{word}财预〔{world.year - 1}〕{row % 290 + 1}号"


def _tracks(world: World, rows: I64, fen: I64) -> list[str | None]:
    """Return the direct-fund project of lines paid steadily enough to be one."""
    paid = np.cumsum(world.tally.net, axis=0)[:, rows]
    due = [fen * (m / 12 - _LAG) for m in range(1, 13)]
    steady = (paid[2:] >= np.array(due)[2:]).all(axis=0)
    chosen = steady & _TRACKED[world.lines.profile[rows]] & (rows % 2 == 0)
    return [
        f"ZD{world.year}{row % 9 + 1:03d}" if one else None
        for row, one in zip(rows.tolist(), chosen.tolist(), strict=True)
    ]


def appropriation(world: World, texts: Texts) -> Iterator[Columns]:
    """Yield the appropriations that were paid from."""
    rows = _used(world)
    fen = _amounts(world, _plans(world))[rows]
    amount = money(fen)
    lines, numbers = world.lines, rows.tolist()
    taken = {name: values.take(rows) for name, values in texts.by_line.items()}
    track = _tracks(world, rows, fen)
    doc = rows % 12
    for name in ("gov_bgt_eco_code", "dep_bgt_eco_code"):
        taken[name] = _classes(taken[name], rows % _CLASS_EVERY == _CLASS_LINE)
    yield {
        **{
            name: taken[name]
            for name in (
                "bgt_id", "agency_code", "mof_div_code", "exp_func_code",
                "gov_bgt_eco_code", "dep_bgt_eco_code", "pro_code",
            )
        },
        "fiscal_year": pa.repeat(pa.scalar(world.year, pa.int64()), len(rows)),
        "cor_bgt_doc_no": _texts([_doc_no(world, r, upper=False) for r in numbers]),
        "sup_bgt_doc_no": _texts(
            [
                _doc_no(world, r, upper=True) if t else None
                for r, t in zip(numbers, track, strict=True)
            ]
        ),
        "doc_date": _days(dt.date(world.year - 1, 12, 15), doc),
        "received_on": _days(dt.date(world.year - 1, 12, 17), doc),
        "amount": amount,
        "dis_amt": amount,
        "fund_type_code": pa.repeat(pa.scalar("111"), len(rows)),
        "is_gov_pur": pa.array(_GOV_PUR[lines.profile[rows]]),
        "track_pro_code": _texts(track),
    }  # fmt: skip


def cash_plan(world: World, texts: Texts) -> Iterator[Columns]:
    """Yield the monthly plans, a month at a time."""
    plans = _plans(world)
    for month in range(12):
        rows = np.flatnonzero(plans[month] > 0)
        number = pa.scalar(world.year * 100 + month + 1, pa.int64())
        yield {
            "bgt_id": texts.by_line["bgt_id"].take(rows),
            "plan_month": pa.repeat(number, len(rows)),
            "plan_amt": money(plans[month][rows]),
        }


def project(world: World, _: Texts) -> Iterator[Columns]:
    """Yield the projects, far enough along for what they were paid."""
    projects, lines = world.projects, world.lines
    count = len(projects.code)
    paid = np.bincount(
        lines.project, world.tally.plan.sum(axis=0).astype(np.float64), count
    )
    rows = np.arange(count)
    progress = 60 + rows * 7 % 36
    ahead = np.where(rows % _EXACT_EVERY == 0, _PROGRESS_AHEAD, 1)
    total = _up(np.maximum(paid * _PROGRESS_SLACK * 100 / progress * ahead, paid))
    works = np.array(projects.works)
    special = np.array([category == "31" for category in projects.category])
    hundredths = money(progress * 100).cast(pa.decimal128(9, 2))
    units = [world.units[unit].code for unit in projects.unit]
    yield {
        "pro_code": _texts([*projects.code]),
        "pro_name": _texts([*projects.name]),
        "agency_code": _texts([*units]),
        "pro_cat_code": _texts([*projects.category]),
        "total_amt": money(total),
        "progress_pct": hundredths,
        "review_required": pa.array(works),
        "review_passed": pa.array(works),
        "is_livelihood": pa.array((rows % 7 == 0) & special),
        "start_date": _days(dt.date(world.year - 1, 9, 1), rows % 120),
    }


def contract(world: World, _: Texts) -> Iterator[Columns]:
    """Yield the contracts that were paid on, signed the year before."""
    contracts, payees = world.contracts, world.payees
    rows = np.flatnonzero(world.tally.contract[: len(contracts.number)] > 0)
    numbers = rows.tolist()
    paid = world.tally.contract[rows].astype(np.float64)
    supplier = [contracts.payee[row] for row in numbers]
    yield {
        "contract_no": _texts([contracts.number[row] for row in numbers]),
        "agency_code": _texts(
            [world.units[contracts.unit[row]].code for row in numbers]
        ),
        "supplier_name": _texts([payees.name[row] for row in supplier]),
        "supplier_acct_no": _texts([payees.acct[row] for row in supplier]),
        "contract_amt": money(
            np.where(
                rows % _EXACT_EVERY == 0,
                world.tally.contract[rows],
                (paid * _CONTRACT_SLACK).astype(np.int64) + 1,
            )
        ),
        "sign_date": _days(dt.date(world.year - 1, 8, 3), rows % 110),
        "pur_plan_no": _texts([f"CG{contracts.number[row][2:]}" for row in numbers]),
        "pur_method_code": _texts([contracts.method[row] for row in numbers]),
    }


TABLES: dict[str, Callable[[World, Texts], Iterator[Columns]]] = {
    "appropriation": appropriation,
    "cash_plan": cash_plan,
    "project": project,
    "contract": contract,
}
