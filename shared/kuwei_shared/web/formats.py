"""How figures read on a page: money, counts, shares, dates, severities.

Money is shown to the fen in tables and in 万元 or 亿元 on tiles; moments are
shown in Beijing time. A missing value is a dash, never zero.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from kuwei_shared.kernel.clock import CHINA

DASH = "—"
WAN = Decimal(10_000)
YI = Decimal(100_000_000)
_CENT = Decimal("0.01")

SEVERITIES: dict[str, str] = {
    "record": "记录",
    "yellow": "黄色预警",
    "orange": "橙色预警",
    "red": "红色暂缓",
    "grey": "灰色拒绝",
}
LEVELS: dict[str, str] = {
    "province": "省级",
    "city": "市级",
    "county": "县级",
    "township": "乡级",
}
STATUSES: dict[str, str] = {
    "draft": "草案",
    "trial": "试运行",
    "stable": "正式",
    "retired": "停用",
}


TIMINGS: dict[str, str] = {
    "request": "支付申请",
    "voucher": "支付凭证",
    "receipt": "银行回单",
    "day_end": "每日日终",
    "month_end": "每月月末",
}


def money(value: Decimal | None) -> str:
    """Write an amount in yuan to the fen: ``20,000,000.00``."""
    if value is None:
        return DASH
    return f"{Decimal(value).quantize(_CENT, ROUND_HALF_UP):,}"


def big_money(value: Decimal | None) -> str:
    """Write an amount for a tile, in the unit people say: ``3.46 亿元``."""
    if value is None:
        return DASH
    amount = Decimal(value)
    if abs(amount) >= YI:
        return f"{(amount / YI).quantize(_CENT, ROUND_HALF_UP):,} 亿元"
    if abs(amount) >= WAN:
        return f"{(amount / WAN).quantize(_CENT, ROUND_HALF_UP):,} 万元"
    return f"{amount.quantize(_CENT, ROUND_HALF_UP):,} 元"


def count(value: int | None) -> str:
    """Write a count with thousands separators."""
    return DASH if value is None else f"{value:,}"


def share(part: Decimal | int | None, whole: Decimal | int | None) -> str:
    """Write part of whole as a percentage, or a dash when there is no whole."""
    if part is None or not whole:
        return DASH
    ratio = Decimal(part) * 100 / Decimal(whole)
    return f"{ratio.quantize(_CENT, ROUND_HALF_UP)}%"


def day(value: dt.date | None) -> str:
    """Write a date: ``2026-11-22``."""
    return DASH if value is None else value.strftime("%Y-%m-%d")


def moment(value: dt.datetime | None) -> str:
    """Write a moment in Beijing time, to the minute."""
    if value is None:
        return DASH
    return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def age(seconds: float | None) -> str:
    """Write how long ago something was, in the largest fitting unit."""
    if seconds is None:
        return DASH
    for unit, size in (("天", 86_400), ("小时", 3_600), ("分钟", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}前"
    return "刚刚"


def figure(value: object) -> str:
    """Write any value; decimals with thousands separators, as officials write."""
    return f"{value:,}" if isinstance(value, Decimal) else or_dash(value)


def or_dash(value: object) -> str:
    """Write any other value, a dash when it is missing."""
    return DASH if value is None or value == "" else str(value)


def timing(value: str) -> str:
    """Write when a rule runs; several stages come joined by ``、``."""
    return "、".join(TIMINGS.get(one, one) for one in value.split("、"))


def title_in(titles: dict[str, str]) -> Callable[[str | None], str]:
    """Return a filter that writes a code's Chinese title, the code if unknown."""

    def title(code: str | None) -> str:
        return DASH if code is None else titles.get(code, code)

    return title


FILTERS: dict[str, Callable[..., str]] = {
    "money": money,
    "big_money": big_money,
    "count": count,
    "share": share,
    "day": day,
    "moment": moment,
    "age": age,
    "figure": figure,
    "or_dash": or_dash,
    "severity": title_in(SEVERITIES),
    "level": title_in(LEVELS),
    "timing": timing,
    "status": title_in(STATUSES),
}
