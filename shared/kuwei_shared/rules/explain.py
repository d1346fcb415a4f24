"""From operand values to a sentence a budget unit understands."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from kuwei_shared.rules.compiler import EffectiveRule
from kuwei_shared.rules.model import Value
from kuwei_shared.rules.placeholders import PLACEHOLDER
from kuwei_shared.rules.vocabulary import Type, Vocabulary

MISSING = "(缺失)"


def explanation(
    one: EffectiveRule, operands: Mapping[str, object], vocabulary: Vocabulary
) -> str:
    """Fill a rule's explanation with the values that made it hit.

    Args:
        one: the rule as it acted.
        operands: vocabulary name → value, as stored with the screening.
        vocabulary: tells how each value is written.
    """

    def written(match: re.Match[str]) -> str:
        name = match.group(1)
        if name.startswith("param."):
            param = one.rule.params[name.removeprefix("param.")]
            return spoken(one.params[param.name], param.type)
        return spoken(operands.get(name), vocabulary.type_of(name) or Type.TEXT)

    return PLACEHOLDER.sub(written, one.rule.explain)


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
    return str(value)


def written(name: str, value: object, vocabulary: Vocabulary) -> str:
    """Write the value of a vocabulary name; a code comes with its meaning."""
    prefix, _, rest = name.partition(".")
    entity = vocabulary.entities.get(prefix)
    found = entity.fields.get(rest) if entity else vocabulary.payment.get(name)
    text = spoken(value, vocabulary.type_of(name) or Type.TEXT)
    meaning = found.values.get(text) if found else None
    return f"{meaning}({text})" if meaning else text


def _number(text: str, kind: Type) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return f"{number:,.2f}" if kind is Type.MONEY else f"{number.normalize():,f}"


def _date(value: object) -> str:
    day = value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    return f"{day.year}年{day.month}月{day.day}日"


def plain(value: object) -> Value:
    """Return an operand as a plain value (JSON numbers come as Decimal)."""
    if value is None or isinstance(value, str | int | Decimal | dt.date):
        return value
    return str(value)
