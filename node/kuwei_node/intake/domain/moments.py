"""Dates and times as files write them, each distinct value read once.

A file repeats few dates, so distinct values are parsed in Python and spread
back. Without formats in the profile only unambiguous, year-first forms are
read; day-first or month-first is for the profile to say. The parser is strict:
31 February is refused, not rolled over.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from kuwei_shared.kernel.clock import CHINA

FIRST_YEAR = 1949
LAST_YEAR = 2099
FIRST_DAY, END_DAY = dt.date(FIRST_YEAR, 1, 1), dt.date(LAST_YEAR + 1, 1, 1)
FOR_GOOD = dt.date(9999, 12, 31)
UTC_MICROSECONDS = pa.timestamp("us", tz="UTC")

_YEAR_FIRST = re.compile(
    r"(\d{4})(?:-(\d{1,2})-|/(\d{1,2})/|\.(\d{1,2})\.|年(\d{1,2})月)(\d{1,2})日?"
    r"(?:[T ]00:00(?::00(?:\.0*)?)?)?"
)
# Times differ from row to row; of our century, for before 1992 clocks were changed.
_PLAIN_MOMENT = (
    r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?$"
)
AHEAD_OF_UTC = pa.scalar(dt.timedelta(hours=8), pa.duration("us"))
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")

Value = TypeVar("Value", dt.date, dt.datetime)


def dates(
    written: pa.Array, formats: tuple[str, ...] = ()
) -> tuple[pa.Array, pa.Array]:
    """Read dates.

    Args:
        written: strings; null is absent.
        formats: ``strptime`` forms to try, in order; none means year first.

    Returns:
        date32 values, null where absent or unreadable, and the unreadable mask.
    """
    return _spread(written, pa.date32(), lambda text: date(text, formats))


def moments(
    written: pa.Array, formats: tuple[str, ...] = ()
) -> tuple[pa.Array, pa.Array]:
    """Read times; one without an offset is Beijing time. Same shape as ``dates``."""
    if not formats and pc.all(pc.match_substring_regex(written, _PLAIN_MOMENT)).as_py():
        with suppress(pa.ArrowInvalid):  # a moment that does not exist
            local = pc.cast(written, pa.timestamp("us"))
            utc = pc.cast(pc.subtract(local, AHEAD_OF_UTC), UTC_MICROSECONDS)
            return utc, pa.repeat(False, len(written))  # an array of falses
    return _spread(written, UTC_MICROSECONDS, lambda text: moment(text, formats))


def date(text: str, formats: tuple[str, ...] = ()) -> dt.date | None:
    """Return the date a text means, or nothing when it means none."""
    if formats:
        found = _by_format(text, formats)
        return _plausible(found.date()) if found else None
    match = _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text)
    if not match:
        return None
    year, month, day = (int(part) for part in match.groups() if part)
    try:
        return _plausible(dt.date(year, month, day))
    except ValueError:
        return None


def moment(text: str, formats: tuple[str, ...] = ()) -> dt.datetime | None:
    """Return the moment a text means, in UTC, or nothing."""
    found = _by_format(text, formats) if formats else _iso(text)
    if found is None or _plausible(found.date()) is None:
        return None
    local = found if found.tzinfo else found.replace(tzinfo=CHINA)
    return local.astimezone(dt.UTC)


def _iso(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None


def _by_format(text: str, formats: tuple[str, ...]) -> dt.datetime | None:
    for form in formats:
        try:
            return dt.datetime.strptime(text, form)  # noqa: DTZ007  # files carry local dates
        except ValueError:
            continue
    return None


def _plausible(value: dt.date) -> dt.date | None:
    usual = FIRST_YEAR <= value.year <= LAST_YEAR
    return value if usual or value == FOR_GOOD else None


def _spread(
    written: pa.Array, kind: pa.DataType, read: Callable[[str], Value | None]
) -> tuple[pa.Array, pa.Array]:
    trimmed = pc.utf8_trim_whitespace(written)
    coded = pc.dictionary_encode(trimmed)
    values = pa.array([read(text) for text in coded.dictionary.to_pylist()], kind)
    result = values.take(coded.indices)
    return result, pc.and_(pc.is_valid(written), pc.is_null(result))
