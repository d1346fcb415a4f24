"""From a column of texts, or of some file's own types, to a vocabulary type."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kuwei_node.intake.domain import amounts, moments
from kuwei_node.intake.domain.profile import FieldRule
from kuwei_node.intake.domain.reasons import Reason
from kuwei_shared.rules import bounds
from kuwei_shared.rules.vocabulary import Field, Type

TYPES: dict[Type, pa.DataType] = {
    Type.TEXT: pa.string(),
    Type.CODE: pa.string(),
    Type.MONEY: amounts.MONEY,
    Type.DECIMAL: amounts.RATIO,
    Type.INTEGER: pa.int32(),
    Type.DATE: pa.date32(),
    Type.TIMESTAMP: moments.UTC_MICROSECONDS,
    Type.BOOLEAN: pa.bool_(),
}

_YES = ("1", "true", "t", "y", "yes", "是")
_NO = ("0", "false", "f", "n", "no", "否")
_BEIJING_OFFSET = pa.scalar(8 * 3600 * 1_000_000, pa.duration("us"))
_EPOCH = dt.date(1970, 1, 1)
_DAY_S = 86_400
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_INT64_MAX = 2**63 - 1
_ANY_INTEGER = pa.decimal128(20, 0)
_INT32_MAX = 2**31 - 1
_EXPONENT = r"^-?[0-9](\.[0-9]+)?[eE]\+[0-9]{2,}$"
_LAST_CONTROL, _PLUS = 0x1F, ord("+")
_CONTROL = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]"

Fault = tuple[Reason, pa.Array]
"""A reason and the mask of rows it holds for."""


def text_of(column: pa.Array, blanks: pa.Array) -> pa.Array:
    """Return a column as trimmed strings, blank texts as null.

    Args:
        column: of any type; floats are written as ``number_text`` says.
        blanks: string array of texts that mean nothing is there.
    """
    if pa.types.is_floating(column.type):
        shown = [number_text(value) for value in column.to_pylist()]
        return pa.array(shown, pa.string())
    text = column if pa.types.is_string(column.type) else pc.cast(column, pa.string())
    text = pc.utf8_trim_whitespace(text)
    blank = pc.is_in(text, value_set=blanks, skip_nulls=True)
    return pc.if_else(blank, pa.scalar(None, pa.string()), text)


def number_text(value: float | None) -> str | None:
    """Write a number with 15 significant digits, as spreadsheets show it.

    One whose cents or last digits these do not hold is written with an exponent, which
    no code has and no amount; what is not a number is nothing.
    """
    if value is None or value != value:  # noqa: PLR0124  # only NaN differs from itself
        return None
    if abs(value) >= bounds.CENTS_LOST_FROM and not value.is_integer():
        return f"{value:.15e}"
    return f"{value:.15g}"


def fits(column: pa.Array, field: Field) -> bool:
    """Whether a typed column needs no reading of texts for a field."""
    kind = column.type
    match field.type:
        case Type.TIMESTAMP:
            return bool(pa.types.is_timestamp(kind))
        case Type.DATE:
            return bool(pa.types.is_date(kind))
        case Type.INTEGER:
            return bool(pa.types.is_integer(kind))
        case Type.TEXT | Type.CODE:
            return False
        case _:
            return bool(kind == TYPES[field.type])


def native(column: pa.Array, field: Field) -> tuple[pa.Array, list[Fault]]:
    """Return a column that ``fits`` in the field's own type.

    Returns:
        Values, null where absent or at fault, and the faults found: numbers the type
        cannot hold, days and moments outside the usual years. What is finer than a
        microsecond is cut off.
    """
    match field.type:
        case Type.INTEGER:
            return _small(column)
        case Type.DATE:
            usable, faults = _usual(column)
            return pc.cast(usable, TYPES[field.type], safe=False), faults
        case Type.TIMESTAMP:
            usable, faults = _usual(column)
            exact = pc.cast(usable, pa.timestamp("us", column.type.tz), safe=False)
            if column.type.tz is None:
                exact = pc.subtract(exact, _BEIJING_OFFSET)
            return pc.cast(exact, TYPES[field.type]), faults
        case _:
            return pc.cast(column, TYPES[field.type]), []


def _small(column: pa.Array) -> tuple[pa.Array, list[Fault]]:
    """Return whole numbers of any width as int32."""
    try:
        return pc.cast(column, pa.int32()), []
    except pa.ArrowInvalid:
        exact = pc.cast(column, _ANY_INTEGER)
        large = pc.greater(pc.abs(exact), pa.scalar(_INT32_MAX, _ANY_INTEGER))
        usable = pc.if_else(large, pa.scalar(None, column.type), column)
        return pc.cast(usable, pa.int32()), [(Reason.NUMBER, _known(large))]


def _usual(column: pa.Array) -> tuple[pa.Array, list[Fault]]:
    """Leave out days and moments that no calendar of ours reaches."""
    ticks, per_day = _ticks(column)
    first, last, for_good = (
        min((day - _EPOCH).days * per_day, _INT64_MAX)
        for day in (moments.FIRST_DAY, moments.END_DAY, moments.FOR_GOOD)
    )
    early, late = pc.less(ticks, first), pc.greater_equal(ticks, last)
    odd = pc.or_(early, pc.and_(late, pc.less(ticks, for_good)))
    odd = pc.or_(odd, pc.greater_equal(ticks, min(for_good + per_day, _INT64_MAX)))
    usable = pc.if_else(odd, pa.scalar(None, column.type), column)
    return usable, [(Reason.DATE, _known(odd))]


def _ticks(column: pa.Array) -> tuple[pa.Array, int]:
    """Return days or moments as whole numbers since 1970, and how many make a day."""
    kind = column.type
    if pa.types.is_date32(kind):
        return pc.cast(pc.cast(column, pa.int32()), pa.int64()), 1
    unit = "ms" if pa.types.is_date64(kind) else kind.unit
    return pc.cast(column, pa.int64()), _DAY_S * _PER_SECOND[unit]


def _known(mask: pa.Array) -> pa.Array:
    return pc.fill_null(mask, fill_value=False)


def read(text: pa.Array, field: Field, rule: FieldRule) -> tuple[pa.Array, list[Fault]]:
    """Read texts as a field's type.

    Returns:
        Values, null where absent or at fault, and the faults found.
    """
    match field.type:
        case Type.TEXT | Type.CODE:
            return text, _text_faults(text, field)
        case Type.MONEY:
            value, bad = amounts.money(text, decimal=rule.decimal, unit=rule.unit)
            lost = _rounded(text) if bad.true_count else bad
            return value, [(Reason.DIGITS, lost), (Reason.MONEY, bad)]
        case Type.DECIMAL:
            value, bad = amounts.ratio(text, decimal=rule.decimal)
            return value, [(Reason.NUMBER, bad)]
        case Type.INTEGER:
            value, bad = amounts.integers(text)
            return value, [(Reason.NUMBER, bad)]
        case Type.DATE:
            value, bad = moments.dates(text, rule.dates)
            return value, [(Reason.DATE, bad)]
        case Type.TIMESTAMP:
            value, bad = moments.moments(text, rule.dates)
            return value, [(Reason.DATE, bad)]
        case Type.BOOLEAN:
            return _booleans(text)


def translate(
    text: pa.Array, codes: dict[str, str], otherwise: str
) -> tuple[pa.Array, list[Fault]]:
    """Translate source codes; ``otherwise`` as in ``FieldRule``."""
    coded = pc.dictionary_encode(text)
    known = coded.dictionary.to_pylist()
    fallback = {"reject": None, "blank": None}
    values = [
        codes.get(
            code, code if otherwise == "keep" else fallback.get(otherwise, otherwise)
        )
        for code in known
    ]
    result = pa.array(values, pa.string()).take(coded.indices)
    if otherwise != "reject":
        return result, []
    return result, [(Reason.CODE, pc.and_(pc.is_valid(text), pc.is_null(result)))]


def _text_faults(text: pa.Array, field: Field) -> list[Fault]:
    if field.values:
        allowed = pa.array(list(field.values), pa.string())
        known = pc.is_in(text, value_set=allowed)
        return [(Reason.CODE, pc.and_(pc.is_valid(text), pc.invert(known)))]
    faults: list[Fault] = [(Reason.DIGITS, _rounded(text))]
    most = bounds.chars_max(field)
    if (pc.max(pc.binary_length(text)).as_py() or 0) > most:
        faults.append((Reason.LENGTH, _known(pc.greater(pc.utf8_length(text), most))))
    if _has_control_bytes(text):
        found = pc.match_substring_regex(text, _CONTROL)
        faults.append((Reason.CONTROL, _known(found)))
    return faults


def _rounded(text: pa.Array) -> pa.Array:
    """Return where a text is a number a program rounded to what it could hold."""
    if not (_bytes(text) == _PLUS).any():
        return pa.repeat(False, len(text))  # an array of falses
    return _known(pc.match_substring_regex(text, _EXPONENT))


def _has_control_bytes(text: pa.Array) -> bool:
    """Whether any byte of a column is a control byte: one pass, no regex."""
    return bool((_bytes(text) <= _LAST_CONTROL).any())


def _bytes(text: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    data = text.buffers()[2]
    return np.frombuffer(b"" if data is None else data, np.uint8)


def _booleans(text: pa.Array) -> tuple[pa.Array, list[Fault]]:
    lower = pc.utf8_lower(text)
    yes = pc.is_in(lower, value_set=pa.array(_YES))
    no = pc.is_in(lower, value_set=pa.array(_NO))
    known = pc.or_(yes, no)
    value = pc.if_else(known, yes, pa.scalar(None, pa.bool_()))
    return value, [(Reason.CODE, pc.and_(pc.is_valid(text), pc.invert(known)))]
