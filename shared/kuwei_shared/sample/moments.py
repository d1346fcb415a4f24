"""Amounts to the fen, and points in time, for whoever makes rows."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")


def money(yuan: float | Decimal) -> Decimal:
    """Return an amount rounded to the fen."""
    return Decimal(str(yuan)).quantize(_CENT, ROUND_HALF_UP)


def month_end(day: dt.date) -> dt.date:
    """Return the last calendar day of a date's month."""
    following = (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return following - dt.timedelta(days=1)


def moment(day: dt.date, minute: int) -> dt.datetime:
    """Return a local time of a day, so many minutes after nine."""
    nine = dt.datetime.combine(day, dt.time(9))
    return nine + dt.timedelta(minutes=minute)
