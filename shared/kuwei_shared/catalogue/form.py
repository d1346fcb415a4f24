"""Typed reading of one YAML table: every wrong value becomes an issue.

A Form never raises on bad input. It returns a harmless stand-in and remembers
the issue, so that the rest of the file is read and reported too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from kuwei_shared.catalogue.document import Node, Scalar, Series, Table, Value
from kuwei_shared.catalogue.issues import Issue, Place
from kuwei_shared.rules.vocabulary import Type

E = TypeVar("E", bound=StrEnum)

MONEY_PLACES = 2


@dataclass(slots=True, kw_only=True)
class Notes:
    """Issues met while reading one file."""

    issues: list[Issue] = field(default_factory=list)
    rule: str = ""

    def add(self, place: Place, message: str, remedy: str) -> None:
        """Remember a wrong value."""
        self.issues.append(
            Issue(
                place=place,
                code="form",
                message=message,
                remedy=remedy,
                rule=self.rule,
            )
        )


class Form:
    """A YAML table read key by key."""

    def __init__(self, node: Node | None, notes: Notes, place: Place) -> None:
        self.notes = notes
        self.place = node.place if node is not None else place
        self.table: Mapping[str, Node] = {}
        if isinstance(node, Table):
            self.table = node.entries
        elif node is not None:
            notes.add(node.place, "此处应是“键: 值”的表。", "按模板改写。")

    def has(self, key: str) -> bool:
        """Say whether a key is written."""
        return key in self.table

    def value(self, key: str) -> Value:
        """Return a scalar as written, None when the key is absent."""
        node = self.table.get(key)
        if node is None or isinstance(node, Scalar):
            return node.value if node else None
        self._wrong(key, "单个值")
        return None

    def text(self, key: str, *, default: str | None = None) -> str:
        """Return a text; required unless a default is given."""
        value = self.value(key)
        if isinstance(value, str) and value:
            return value
        if value is None and not self.has(key) and default is not None:
            return default
        self._wrong(key, "文字(数字样的代码请加引号)")
        return ""

    def integer(self, key: str, *, default: int | None = None) -> int:
        """Return a whole number; required unless a default is given."""
        value = self.value(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if value is None and not self.has(key) and default is not None:
            return default
        self._wrong(key, "整数")
        return 0

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return true or false."""
        value = self.value(key)
        if isinstance(value, bool):
            return value
        if self.has(key):
            self._wrong(key, "true 或 false")
        return default

    def day(self, key: str) -> dt.date | None:
        """Return a date, None when the key is absent."""
        value = self.value(key)
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return value
        if self.has(key):
            self._wrong(key, "日期,如 2012-01-01")
        return None

    def choice(self, key: str, kind: type[E]) -> E:
        """Return a member of an enumeration; required."""
        text = self.value(key)
        for member in kind:
            if member.value == text:
                return member
        self._wrong(key, "、".join(member.value for member in kind) + " 之一")
        return next(iter(kind))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, empty when the key is absent."""
        node = self.table.get(key)
        if node is None:
            return ()
        items = node.items if isinstance(node, Series) else ()
        found = [
            item.value
            for item in items
            if isinstance(item, Scalar) and isinstance(item.value, str)
        ]
        if not isinstance(node, Series) or len(found) != len(items):
            self._wrong(key, "文字的列表(数字样的代码请加引号)")
        return tuple(found)

    def form(self, key: str) -> Form:
        """Return the table under a key; an empty one when absent."""
        return Form(self.table.get(key), self.notes, self.place)

    def forms(self, key: str) -> tuple[Form, ...]:
        """Return the list of tables under a key, empty when absent."""
        node = self.table.get(key)
        if node is not None and not isinstance(node, Series):
            self._wrong(key, "列表")
        items = node.items if isinstance(node, Series) else ()
        return tuple(Form(item, self.notes, item.place) for item in items)

    def named(self) -> dict[str, Form]:
        """Return every entry of this table as a table of its own."""
        return {
            key: Form(node, self.notes, node.place) for key, node in self.table.items()
        }

    def typed(self, key: str, kind: Type) -> Value:
        """Return the value of a key as a vocabulary type wants it, or None."""
        node = self.table.get(key)
        if not isinstance(node, Scalar):
            return self.value(key)
        converted = convert(node.value, kind)
        if converted is None and node.value is not None:
            self._wrong(key, _WANTED[kind])
        return converted

    def place_of(self, key: str) -> Place:
        """Return where the value of a key stands, or the table itself."""
        node = self.table.get(key)
        return node.place if node else self.place

    def _wrong(self, key: str, wanted: str) -> None:
        state = "的值不对" if self.has(key) else "没有写"
        self.notes.add(self.place_of(key), f"{key} {state}。", f"写成{wanted}。")


_WANTED: Mapping[Type, str] = {
    Type.TEXT: "加引号的文字",
    Type.CODE: "加引号的代码",
    Type.MONEY: "元,至多两位小数,如 1000.00",
    Type.INTEGER: "整数",
    Type.DECIMAL: "数",
    Type.DATE: "日期,如 2026-03-11",
    Type.TIMESTAMP: "时刻,如 2026-03-11T10:00:00",
    Type.BOOLEAN: "true 或 false",
}


def convert(value: Value, kind: Type) -> Value:
    """Return a YAML value as a vocabulary type wants it; None if it cannot be."""
    return _CONVERSIONS[kind](value)


def _text(value: Value) -> Value:
    return value if isinstance(value, str) else None


def _whole(value: Value) -> Value:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Value) -> Value:
    return value if isinstance(value, Decimal) else _decimal(_whole(value))


def _decimal(value: Value) -> Value:
    return Decimal(value) if isinstance(value, int) else None


def _money(value: Value) -> Value:
    number = _number(value)
    if not isinstance(number, Decimal):
        return None
    exponent = number.normalize().as_tuple().exponent
    fits = isinstance(exponent, int) and exponent >= -MONEY_PLACES
    return number if fits else None


def _day(value: Value) -> Value:
    is_day = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
    return value if is_day else None


def _moment(value: Value) -> Value:
    return value if isinstance(value, dt.datetime) else None


def _truth(value: Value) -> Value:
    return value if isinstance(value, bool) else None


_CONVERSIONS: Mapping[Type, Callable[[Value], Value]] = {
    Type.TEXT: _text,
    Type.CODE: _text,
    Type.MONEY: _money,
    Type.INTEGER: _whole,
    Type.DECIMAL: _number,
    Type.DATE: _day,
    Type.TIMESTAMP: _moment,
    Type.BOOLEAN: _truth,
}
