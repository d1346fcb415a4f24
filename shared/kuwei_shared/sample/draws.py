"""One month of ordinary payments as plain numbers, before any text is made.

Every amount of a unit differs from its last thousand, and a unit returns to a
supplier only after STRETCH other payments. What repeats does so for a reason:
standing fees, and what a bank returned and is paid again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from kuwei_shared.sample.calendar import Month
from kuwei_shared.sample.lines import I64
from kuwei_shared.sample.payees import CARD_ACCOUNTS, STRETCH
from kuwei_shared.sample.profiles import PAYROLL_COUNT, PROFILES
from kuwei_shared.sample.sizes import amounts, whole_millions
from kuwei_shared.sample.world import World

NORMAL, REFUND, CORRECTION, REVERSAL = 0, 1, 2, 3
_DISTINCT = 1000  # fen: the last four figures tell a unit's payments apart
_ROUND_SHARE, _ROUND_STEP = 0.3, 10_000
_PAYROLL_SHARE = 0.3
_MORNING, _AFTERNOON, _HALF = 9 * 3600, 14 * 3600 + 1800, 3 * 3600
_PARTIAL, _CORRECTED, _REVERSED = 0.3, 0.25, 0.15
_AGAIN_EVERY, _AGAIN_S = 5, 1800  # of what is taken back, one in so many is paid again
_ODD_SHARE, _ODD_RANGE = 0.02, 1 << 20
_STRANGE_SHARE = 0.015
_INSTALMENTS, _SHARED_INVOICE = 3, 700_000_000_000
# How much of the money stays out of the busy last days: most of it, not all.
_CALM_SHARE = 0.85
# Refunded are payments up to three medians, on lines with some to spare.
_REFUND_MOST, _REFUND_OFTEN = 300, 6
_TAIL_DAYS, _TAIL_FEN = 4, 20_000_000
_DECEMBER, _RUSH_DAYS, _RUSH_FEN = 12, 11, 95_000_000

_MEDIAN = np.array([p.median for p in PROFILES])
_SIGMA = np.array([p.sigma for p in PROFILES])
_FLOOR = np.array([p.floor for p in PROFILES])
_CAP = np.array([p.cap for p in PROFILES])
_CHANNEL = np.array([p.channel for p in PROFILES])
_LARGE = np.isin(_CHANNEL, ["person", "company"])
_OPEN = np.array([p.eco == "30299" for p in PROFILES])


@dataclass(slots=True)
class Draws:
    """Parallel columns, one row per payment, in time order.

    Attributes:
        line, payee, merchant: rows of the node's tables; merchant -1 without card.
        contract: row of the contracts, -1 without.
        day: position in the month's working days; sec: second of that day.
        fen: amount, negative for refunds.
        kind: NORMAL, REFUND, CORRECTION or REVERSAL.
        number: the node's running number; orig: the number taken back, or -1.
        invoice: the number whose invoice it is; odd: picks an odd purpose, or -1.
        turn: the unit's own running number.
    """

    line: I64
    payee: I64
    merchant: I64
    contract: I64
    day: I64
    sec: I64
    fen: I64
    kind: I64
    number: I64
    orig: I64
    turn: I64
    invoice: I64
    odd: I64

    def __len__(self) -> int:
        return len(self.line)

    def take(self, rows: npt.NDArray[np.integer]) -> Draws:
        """Return chosen rows, in the order given."""
        return Draws(*(getattr(self, f.name)[rows] for f in fields(self)))


def _payroll(
    rng: np.random.Generator, world: World, month: Month, count: int
) -> tuple[I64, I64, I64]:
    """Return (line, fen, day): wages on fixed days, thinned for a small sample."""
    lines = world.lines
    rows = np.flatnonzero(lines.profile < PAYROLL_COUNT)
    keep = rng.random(len(rows)) < min(1.0, _PAYROLL_SHARE * count / len(rows))
    rows = rows[keep]
    profile, unit = lines.profile[rows], lines.unit[rows]
    heads = world.staff[unit] * _MEDIAN[profile]
    yuan = heads * np.exp(_SIGMA[profile] * rng.standard_normal(len(rows)))
    fen = (np.clip(yuan, _FLOOR[profile], _CAP[profile]) * 100).astype(np.int64)
    day = np.where(profile < 3, 5, 8) + unit % 3  # noqa: PLR2004  # wages, then insurance
    return rows, fen, np.minimum(day, len(month.days) - 1)


def _turns(unit: I64, counter: I64) -> I64:
    """Number each unit's rows onward from its counter, and move the counter."""
    order = np.argsort(unit, kind="stable")
    grouped = unit[order]
    starts = np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]])
    counts = np.diff(np.r_[starts, len(grouped)])
    rank = np.arange(len(grouped)) - np.repeat(starts, counts)
    turn = np.empty_like(unit)
    turn[order] = rank + counter[grouped]
    counter[grouped[starts]] += counts
    return turn


def _distinct(rng: np.random.Generator, fen: I64, turn: I64, profile: I64) -> I64:
    fine = fen // _DISTINCT * _DISTINCT + turn * 7 % _DISTINCT
    step = 10 * _ROUND_STEP
    coarse = fen // step * step + (turn % 9 + 1) * _ROUND_STEP
    rounded = _LARGE[profile] & (rng.random(len(fen)) < _ROUND_SHARE) & (fen > step)
    return np.where(rounded, coarse, fine)


def _calm(
    rng: np.random.Generator, month: Month, day: I64, fen: I64
) -> tuple[I64, I64]:
    """Keep most of what is large out of the month's tail and the year's last days.

    Ordinary months end busy, but seldom with the money: that is what rules watch.
    """
    calm = rng.random(len(fen)) < _CALM_SHARE
    left = np.array([_days_left(d) for d in month.days])
    early = int((left >= _TAIL_DAYS).sum())
    day = np.where(calm & (fen >= _TAIL_FEN) & (day >= early), day % early, day)
    rush = calm & (month.number == _DECEMBER) & (left[day] <= _RUSH_DAYS)
    return day, np.where(rush & (fen >= _RUSH_FEN), _TAIL_FEN + fen % _TAIL_FEN, fen)


def _days_left(day: dt.date) -> int:
    after = (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return (after - day).days - 1


def _counterparts(
    rng: np.random.Generator, world: World, line: I64, turn: I64
) -> tuple[I64, I64, I64]:
    """Return (payee, merchant, contract) rows for each payment."""
    lines, profile = world.lines, world.lines.profile[line]
    nth = _turns(line, world.line_turns)
    unit, channel = lines.unit[line], _CHANNEL[profile]
    start, size = world.trade_start[profile], world.trade_size[profile]
    step = np.where(lines.fixed[line] > 0, line, turn % STRETCH)
    pooled = start + (unit * STRETCH + step) % size
    pooled = np.where(channel == "own", start + unit, pooled)
    luck = rng.random(len(line))
    for group, lucky in (
        ("quaint", luck < _STRANGE_SHARE),
        ("kitchen", luck > 1 - _STRANGE_SHARE),
    ):
        first, many = world.payees.spans[group]
        row = unit if group == "kitchen" else turn % many
        chosen = lucky & _OPEN[profile] & (lines.fixed[line] == 0)
        pooled = np.where(chosen, first + row, pooled)
    card, bought = channel == "card", channel == "contract"
    contract = np.where(
        bought, lines.contract[line] + nth % np.maximum(lines.contracts[line], 1), -1
    )
    payee = np.where(card, world.card_payee[unit] + turn % CARD_ACCOUNTS, pooled)
    payee = np.where(bought, world.contract_payee[np.maximum(contract, 0)], payee)
    return payee, np.where(card, pooled, -1), contract


def _refunds(
    rng: np.random.Generator, draws: Draws, world: World, month: Month, share: float
) -> Draws:
    """Return rows that take earlier payments of the month back, a few days later.

    What the bank returned comes a second time after that, by the same invoice.
    """
    last = len(month.days) - 1
    profile = world.lines.profile[draws.line]
    small = draws.fen < _MEDIAN[profile] * _REFUND_MOST
    frequent = world.lines.expected[draws.line] > _REFUND_OFTEN
    open_rows = np.flatnonzero(
        (profile >= PAYROLL_COUNT) & (draws.day < last) & small & frequent
    )
    count = min(len(open_rows) // 2, round(len(draws) * share))
    again = count // _AGAIN_EVERY
    picked = np.sort(rng.choice(open_rows, count - again, replace=False))
    taken = draws.take(picked)
    count = len(picked)
    taken.orig = taken.number.copy()
    luck = rng.random(count)
    taken.kind = np.select(
        [luck < _CORRECTED, luck < _CORRECTED + _REVERSED],
        [CORRECTION, REVERSAL],
        REFUND,
    )
    whole = (rng.random(count) >= _PARTIAL) | (taken.kind == REVERSAL)
    returned = np.zeros(count, dtype=np.bool_)
    returned[rng.permutation(count)[:again]] = True
    taken.kind = np.where(returned, REFUND, taken.kind)
    later = np.where(taken.kind == REVERSAL, 0, rng.integers(0, 6, count))
    taken.day = np.minimum(taken.day + 1 + later, last)
    part = np.where(whole | returned, 1.0, rng.uniform(0.2, 0.8, count))
    taken.fen = -np.maximum((taken.fen * part).astype(np.int64), 1)
    return _joined(taken, _again(taken.take(np.flatnonzero(returned)), last))


def _again(returned: Draws, last: int) -> Draws:
    """Return what is paid again, by the same invoice, after the bank returned it."""
    returned.day = np.minimum(returned.day + 1, last)
    returned.sec = returned.sec + _AGAIN_S
    returned.fen, returned.kind = -returned.fen, returned.kind * 0
    returned.invoice, returned.orig = returned.orig.copy(), returned.orig * 0 - 1
    returned.number = returned.number * 0 - 1
    return returned


def _joined(one: Draws, other: Draws) -> Draws:
    return Draws(
        *(
            np.concatenate([getattr(one, f.name), getattr(other, f.name)])
            for f in fields(one)
        )
    )


def _by_time(draws: Draws) -> Draws:
    return draws.take(np.argsort(draws.day * 86_400 + draws.sec, kind="stable"))


def draw_month(
    rng: np.random.Generator, world: World, month: Month, count: int, refunds: float
) -> Draws:
    """Return one month of a node's ordinary payments, refunds among them.

    Args:
        rng: the node's generator; advanced.
        world: the node's tables; its counters are advanced.
        month: which month.
        count: payments wanted.
        refunds: share of them that take an earlier one back.
    """
    paid = count - round(count * refunds / (1 + refunds))
    wages, wage_fen, wage_day = _payroll(rng, world, month, paid)
    free = max(0, paid - len(wages))
    rows = np.searchsorted(world.cumulative, rng.random(free) * world.cumulative[-1])
    scale = world.scale[world.lines.unit[rows]]
    line = np.r_[wages, rows]
    fen = np.r_[wage_fen, amounts(rng, world.lines.profile[rows], scale)]
    day = np.r_[wage_day, rng.choice(len(month.days), free, p=month.weights)]
    size = len(line)
    day, fen = _calm(rng, month, day, fen)
    clock = rng.integers(0, 2 * _HALF, size)
    sec = np.where(clock < _HALF, _MORNING + clock, _AFTERNOON + clock - _HALF)
    none = np.full(size, -1, dtype=np.int64)
    draws = Draws(
        line=line, payee=none, merchant=none, contract=none, day=day, sec=sec, fen=fen,
        kind=none * 0, number=none, orig=none, turn=none, invoice=none,
        odd=_odd(rng, size),
    )  # fmt: skip
    draws = _by_time(draws)
    _settle(rng, world, draws)
    return _with_refunds(rng, draws, world, month, count - size)


def _odd(rng: np.random.Generator, count: int) -> I64:
    """Return which odd purpose each payment takes, -1 for nearly all."""
    chosen = rng.random(count) < _ODD_SHARE
    return np.where(chosen, rng.integers(0, _ODD_RANGE, count), -1)


def _settle(rng: np.random.Generator, world: World, draws: Draws) -> None:
    """Decide what hangs on the order of payments: turns, last figures, payees."""
    profile = world.lines.profile[draws.line]
    draws.turn = _turns(world.lines.unit[draws.line], world.turns)
    fen = _distinct(rng, draws.fen, draws.turn, profile)
    fen = whole_millions(rng, fen)
    fixed = world.lines.fixed[draws.line]
    draws.fen = np.where(fixed > 0, fixed, fen)
    draws.payee, draws.merchant, draws.contract = _counterparts(
        rng, world, draws.line, draws.turn
    )


def _with_refunds(
    rng: np.random.Generator, draws: Draws, world: World, month: Month, count: int
) -> Draws:
    draws.number = np.arange(len(draws))
    back = _refunds(rng, draws, world, month, count / max(len(draws), 1))
    joined = _by_time(_joined(draws, back))
    own = np.flatnonzero((joined.orig < 0) & (joined.number >= 0))
    final = np.empty(len(draws), dtype=np.int64)
    final[joined.number[own]] = own + world.number
    joined.orig = np.where(joined.orig < 0, -1, final[np.maximum(joined.orig, 0)])
    second = joined.invoice >= 0
    first = final[np.maximum(joined.invoice, 0)]
    joined.number = np.arange(len(joined)) + world.number
    joined.invoice = np.where(second, first, joined.number)
    # Instalments of some standing fees come by one invoice.
    fixed = world.lines.fixed[joined.line] > 0
    shared = fixed & (joined.line % _INSTALMENTS == 0)
    joined.invoice = np.where(shared, _SHARED_INVOICE + joined.line, joined.invoice)
    world.number += len(joined)
    return joined
