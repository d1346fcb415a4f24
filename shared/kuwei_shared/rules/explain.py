"""From operand values to a sentence a budget unit understands."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from kuwei_shared.kernel.clock import CHINA
from kuwei_shared.rules.classes import CLASSED, class_name
from kuwei_shared.rules.compiler import EffectiveRule
from kuwei_shared.rules.model import Value
from kuwei_shared.rules.placeholders import filled
from kuwei_shared.rules.vocabulary import Type, Vocabulary

MISSING: Final = "(缺失)"
OURS: Final = re.compile(r"[a-z_]+")
"""A code made up here; the ministry's are digits."""


def explanation(
    one: EffectiveRule, operands: Mapping[str, object], vocabulary: Vocabulary
) -> str:
    """Fill a rule's explanation with the values that made it hit.

    Args:
        one: the rule as it acted.
        operands: vocabulary name → value, as stored with the screening.
        vocabulary: tells how each value is written.
    """

    def known(name: str) -> bool:
        return name.startswith("param.") or operands.get(name) is not None

    def say(name: str) -> str:
        if name.startswith("param."):
            param = one.rule.params[name.removeprefix("param.")]
            return spoken(one.params[param.name], param.type)
        return written(name, operands.get(name), vocabulary)

    return filled(one.rule.explain, known, say)


def spoken(value: object, kind: Type) -> str:
    """Write a value as people read it: money with separators, dates in Chinese."""
    if value is None:
        return MISSING
    if kind is Type.BOOLEAN:
        return "是" if value else "否"
    if kind in {Type.MONEY, Type.DECIMAL}:
        return _number(str(value), kind)
    if kind is Type.DATE:
        return _date(value)
    return _moment(value) if kind is Type.TIMESTAMP else str(value)


def written(name: str, value: object, vocabulary: Vocabulary) -> str:
    """Write the value of a vocabulary name; a code comes with its meaning.

    The ministry's codes stay beside it, ``公务卡(7)``; those made up here do not.
    """
    prefix, _, rest = name.partition(".")
    entity = vocabulary.entities.get(prefix)
    found = entity.fields.get(rest) if entity else vocabulary.payment.get(name)
    text = spoken(value, vocabulary.type_of(name) or Type.TEXT)
    meaning = found.values.get(text) if found else None
    if found and found.name in CLASSED:
        meaning = class_name(text)
    if meaning is None or isinstance(value, bool) or OURS.fullmatch(text):
        return meaning or text
    return f"{meaning}({text})"


def _number(text: str, kind: Type) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return f"{number:,.2f}" if kind is Type.MONEY else f"{number.normalize():,f}"


def _date(value: object) -> str:
    day = value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    return f"{day.year}年{day.month}月{day.day}日"


def _moment(value: object) -> str:
    """Write a moment by the clock of the country; one without a zone is in UTC."""
    found = (
        value
        if isinstance(value, dt.datetime)
        else dt.datetime.fromisoformat(str(value))
    )
    there = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
    return f"{there.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def plain(value: object) -> Value:
    """Return an operand as a plain value (JSON numbers come as Decimal)."""
    if value is None or isinstance(value, str | int | Decimal | dt.date):
        return value
    return str(value)
