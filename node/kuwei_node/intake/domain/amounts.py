"""Amounts of money as people and systems write them, turned into exact decimals.

Accepted: thousands separators (Western and Indian), decimal point or comma as
the profile says, currency signs and names before or after, brackets, a leading
or trailing minus, ``CR``, full-width digits. Never guessed: which of point and
comma is the decimal mark. More than two decimals is refused, not rounded.
"""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

MONEY = pa.decimal128(18, 2)
RATIO = pa.decimal128(9, 3)

_PLAIN_MONEY = r"^-?[0-9]{1,16}(\.[0-9]{1,2})?$"
_PLAIN_RATIO = r"^-?[0-9]{1,6}(\.[0-9]{1,3})?$"
_PLAIN_INTEGER = r"^-?[0-9]{1,9}$"
_UNREADABLE = "?"
_SIGNS = r"[£$€¥₹元\s]|RMB|CNY|GBP|USD|EUR|INR|Rs\.?|人民币"
_POINT = r"^-?(?:(?:[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)$"
_COMMA = r"^-?(?:(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]*)?|,[0-9]+)$"


def money(
    written: pa.Array, *, decimal: str = ".", unit: int = 1
) -> tuple[pa.Array, pa.Array]:
    """Read amounts.

    Args:
        written: strings; null is absent.
        decimal: the decimal mark, ``.`` or ``,``.
        unit: what one stands for, 10000 where a file counts in 万元.

    Returns:
        Amounts in yuan as decimal(18,2), null where absent or unreadable, and a
        mask that is true where a written amount could not be read.
    """
    if unit != 1:
        return _scaled(written, decimal=decimal, unit=unit)
    if decimal == "." and _all_match(written, _PLAIN_MONEY):
        return pc.cast(written, MONEY), _nothing_bad(written)
    return _checked(_canonical(written, decimal), _PLAIN_MONEY, MONEY)


def ratio(written: pa.Array, *, decimal: str = ".") -> tuple[pa.Array, pa.Array]:
    """Read numbers with up to three decimals; same result shape as ``money``."""
    if decimal == "." and _all_match(written, _PLAIN_RATIO):
        return pc.cast(written, RATIO), _nothing_bad(written)
    return _checked(_canonical(written, decimal), _PLAIN_RATIO, RATIO)


def integers(written: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Read whole numbers up to nine digits; ``12.0`` counts as 12."""
    if _all_match(written, _PLAIN_INTEGER):
        return pc.cast(written, pa.int32()), _nothing_bad(written)
    whole = pc.replace_substring_regex(_canonical(written, "."), r"\.0*$", "")
    return _checked(whole, _PLAIN_INTEGER, pa.int32())


def _scaled(written: pa.Array, *, decimal: str, unit: int) -> tuple[pa.Array, pa.Array]:
    """Multiply exactly, one value at a time: such files are short summaries."""
    values: list[str | None] = []
    for text in _canonical(written, decimal).to_pylist():
        readable = text is not None and _is_number(text)
        values.append(format(Decimal(text) * unit, "f") if readable else text)
    exact = _tidy_zeros(pa.array(values, pa.string()))
    return _checked(exact, _PLAIN_MONEY, MONEY)


def _is_number(text: str) -> bool:
    bare = text.removeprefix("-")
    return bare.isascii() and bare.replace(".", "", 1).isdigit()


def _canonical(written: pa.Array, decimal: str) -> pa.Array:
    """Rewrite every readable form as ``-?digits(.digits)?``, the rest as a mark."""
    text = pc.utf8_upper(pc.utf8_trim_whitespace(pc.utf8_normalize(written, "NFKC")))
    text = pc.replace_substring_regex(text, "[−–]", "-")  # typographic minus signs
    text = pc.replace_substring_regex(text, f"^(-?)(?:{_SIGNS})+", r"\1")
    text = pc.replace_substring_regex(text, r"^\((.*)\)$", r"-\1")
    text = pc.replace_substring_regex(text, f"^(-?)(?:{_SIGNS})+", r"\1")
    text = pc.replace_substring_regex(text, f"(?:{_SIGNS})+(CR|-|)$", r"\1")
    text = pc.replace_substring_regex(text, r"^([^-].*?)\s*(?:CR|-)$", r"-\1")
    text = pc.replace_substring_regex(text, r"^\+", "")
    grouped = pc.match_substring_regex(text, _POINT if decimal == "." else _COMMA)
    bare = pc.replace_substring(text, "," if decimal == "." else ".", "")
    if decimal == ",":
        bare = pc.replace_substring(bare, ",", ".")
    bare = pc.replace_substring_regex(bare, r"^(-?)\.", r"\1" "0.")
    return pc.if_else(grouped, _tidy_zeros(bare), _UNREADABLE)


def _tidy_zeros(text: pa.Array) -> pa.Array:
    """Drop zeros beyond the cents and a bare trailing point."""
    cut = pc.replace_substring_regex(text, r"(\.[0-9]{2}[0-9]*?)0+$", r"\1")
    return pc.replace_substring_regex(cut, r"\.$", "")


def _checked(
    text: pa.Array, pattern: str, kind: pa.DataType
) -> tuple[pa.Array, pa.Array]:
    good = pc.match_substring_regex(text, pattern)
    bad = pc.fill_null(pc.invert(good), fill_value=False)
    value = pc.cast(pc.if_else(good, text, pa.scalar(None, pa.string())), kind)
    return value, bad


def _all_match(text: pa.Array, pattern: str) -> bool:
    return pc.all(pc.match_substring_regex(text, pattern)).as_py() is not False


def _nothing_bad(text: pa.Array) -> pa.Array:
    return pa.repeat(False, len(text))  # an array of falses
