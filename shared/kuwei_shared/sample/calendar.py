"""When treasuries pay: working days, weighted by the rhythm of a budget year."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import chinese_calendar
import numpy as np
import numpy.typing as npt

# Share of a year's payments by month: thin in January and February while plans
# are issued, quarter-ends higher, December at twice an ordinary month.
_MONTHS = (48, 52, 82, 72, 76, 86, 76, 74, 86, 74, 92, 182)

_LAST_DAYS, _LAST_WEIGHT = 3, 2.2
_FIRST_DAYS, _FIRST_WEIGHT = 3, 0.5
_PLAN_DAYS, _PLAN_WEIGHT = range(3, 8), 1.5
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Month:
    """One month's working days and how busy each is.

    Attributes:
        number: 1 to 12.
        share: of the year's payments.
        days: working days in order.
        weights: same length, summing to 1.
    """

    number: int
    share: float
    days: tuple[dt.date, ...]
    weights: npt.NDArray[np.float64]


def is_workday(day: dt.date) -> bool:
    """Tell whether offices work that day; plain weekdays where not announced."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < _SATURDAY


def _weights(count: int) -> npt.NDArray[np.float64]:
    weights = np.ones(count)
    weights[:_FIRST_DAYS] *= _FIRST_WEIGHT
    weights[_PLAN_DAYS.start : _PLAN_DAYS.stop] *= _PLAN_WEIGHT
    weights[-_LAST_DAYS:] *= _LAST_WEIGHT
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def year_months(year: int) -> tuple[Month, ...]:
    """Return the twelve months of a budget year."""
    start = dt.date(year, 1, 1)
    days = [start + dt.timedelta(days=n) for n in range(366)]
    worked = [d for d in days if d.year == year and is_workday(d)]
    months = []
    for number in range(1, 13):
        own = tuple(day for day in worked if day.month == number)
        share = _MONTHS[number - 1] / sum(_MONTHS)
        months.append(Month(number, share, own, _weights(len(own))))
    return tuple(months)
