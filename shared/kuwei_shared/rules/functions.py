"""The functions a condition may call: their arguments and what they yield."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kuwei_shared.rules.vocabulary import Sort


class Arg(StrEnum):
    """What an argument must be."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    TIMESTAMP = "timestamp"
    POSITIVE_LITERAL = "positive number literal"
    CODE_LIST = "code list"
    WORD_LIST = "word list"
    PATTERN = "pattern"
    ANY = "any"
    LITERAL_OF_FIRST = "literal of the first argument's type"


@dataclass(frozen=True, slots=True)
class Signature:
    """Arguments of a function, the family it yields, and how to read it aloud.

    ``yields`` is None when the result has the family of the first argument.
    """

    args: tuple[Arg, ...]
    yields: Sort | None
    aloud: str


FUNCTIONS: Mapping[str, Signature] = {
    "one_of": Signature((Arg.TEXT, Arg.CODE_LIST), Sort.BOOLEAN, "{0} 属于 {1}"),
    "starts_with": Signature((Arg.TEXT, Arg.TEXT), Sort.BOOLEAN, "{0} 以 {1} 开头"),
    "starts_with_any": Signature(
        (Arg.TEXT, Arg.CODE_LIST), Sort.BOOLEAN, "{0} 以 {1} 中任一开头"
    ),
    "mentions": Signature((Arg.TEXT, Arg.WORD_LIST), Sort.BOOLEAN, "{0} 提及 {1}"),
    "contains": Signature((Arg.TEXT, Arg.TEXT), Sort.BOOLEAN, "{0} 包含 {1}"),
    "matches": Signature((Arg.TEXT, Arg.PATTERN), Sort.BOOLEAN, "{0} 符合格式 {1}"),
    "length": Signature((Arg.TEXT,), Sort.NUMBER, "{0} 的字数"),
    "year": Signature((Arg.DATE,), Sort.NUMBER, "{0} 的年份"),
    "month": Signature((Arg.DATE,), Sort.NUMBER, "{0} 的月份"),
    "day": Signature((Arg.DATE,), Sort.NUMBER, "{0} 的日"),
    "hour": Signature((Arg.TIMESTAMP,), Sort.NUMBER, "{0} 的小时"),
    "days_between": Signature((Arg.DATE, Arg.DATE), Sort.NUMBER, "{1} 到 {0} 的天数"),
    "remainder": Signature(
        (Arg.NUMBER, Arg.POSITIVE_LITERAL), Sort.NUMBER, "{0} 除以 {1} 的余数"
    ),
    "abs": Signature((Arg.NUMBER,), Sort.NUMBER, "{0} 的绝对值"),
    "coalesce": Signature((Arg.ANY, Arg.LITERAL_OF_FIRST), None, "{0}(缺失按 {1})"),
}

DERIVATIONS: frozenset[str] = frozenset(
    {"year_month", "month", "day", "weekday", "days_to_month_end"}
)
