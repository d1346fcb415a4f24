"""Typed tree to SQL text, in the dialect of the engine that runs it.

PostgreSQL and DuckDB must give the same answer for every row: only operations
whose meaning is equal in both are printed (no division, exact decimals, literal
text search), and the golden tests compare them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.model import NamedList, Value


class Dialect(StrEnum):
    """Engines a catalogue compiles for."""

    POSTGRES = "postgres"
    DUCKDB = "duckdb"


def quote(text: str) -> str:
    """Return a text constant; standard-conforming strings have one escape."""
    return "'" + text.replace("'", "''") + "'"


def constant(value: Value) -> str:
    """Return a value as an SQL constant."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(value, str):
        return quote(value)
    return f"DATE {quote(value.isoformat())}"


def column(path: str) -> str:
    """Return the column of the enriched row that holds a vocabulary name."""
    return f'e."{path}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Printer:
    """Prints the conditions of one rule.

    Attributes:
        dialect: engine printed for.
        params: values of the rule's parameters as tuned here.
        lists: lists by id.
        patterns: regular expressions by name (the subset common to all engines).
        resolve: full vocabulary name → SQL; by default a column of row ``e``.
    """

    dialect: Dialect
    params: Mapping[str, Value]
    lists: Mapping[str, NamedList]
    patterns: Mapping[str, str]
    resolve: Callable[[str], str] = column

    def print(self, node: tree.Node) -> str:  # noqa: C901  # one line per form
        """Return the SQL of a node, parenthesised where it could bind wrongly."""
        match node:
            case tree.Literal():
                return constant(node.value)
            case tree.Name():
                return self._name(node.path)
            case tree.Compare():
                return f"({self.print(node.left)} {node.op} {self.print(node.right)})"
            case tree.Arithmetic():
                return self._arithmetic(node)
            case tree.Logic():
                return self._logic(node)
            case tree.Not():
                return f"(NOT {self.print(node.term)})"
            case tree.IsNull():
                return f"({self.print(node.term)} IS NULL)"
            case tree.Member():
                options = ", ".join(constant(one.value) for one in node.options)
                return f"({self.print(node.term)} IN ({options}))"
            case tree.Between():
                low, high = self.print(node.low), self.print(node.high)
                return f"({self.print(node.term)} BETWEEN {low} AND {high})"
            case tree.Call():
                return self._call(node)

    def _logic(self, node: tree.Logic) -> str:
        """Join terms, searches of texts last: both engines stop at what settles it."""
        return self._joined(node.op, sorted(node.terms, key=_searches))

    def _joined(self, op: str, terms: Sequence[tree.Node]) -> str:
        return f"({f' {op.upper()} '.join(map(self.print, terms))})"

    def _name(self, path: str) -> str:
        if path.startswith("param."):
            return constant(self.params[path.removeprefix("param.")])
        return self.resolve(path)

    def _arithmetic(self, node: tree.Arithmetic) -> str:
        """Compute so that one absurd row cannot fail the whole statement.

        PostgreSQL's numeric has room for any product. DuckDB stays within eighteen
        digits unless told to widen, which products of two values need; what still
        does not fit TRY leaves undetermined, at no cost to the other rows.
        """
        left, right = self.print(node.left), self.print(node.right)
        if self.dialect is Dialect.POSTGRES:
            return f"(CAST({left} AS numeric) {node.op} {right})"
        constant_factor = isinstance(node.left, tree.Literal) or isinstance(
            node.right, tree.Literal
        )
        if node.op == "*" and not constant_factor:
            left = f"CAST({left} AS decimal(38,6))"
        return f"TRY({left} {node.op} {right})"

    def _call(self, node: tree.Call) -> str:
        first, *rest = node.args
        subject = self.print(first) if not isinstance(first, tree.Reference) else ""
        match node.function, rest:
            case "one_of", [tree.Reference(path)]:
                return self._one_of(subject, self._list(path).entries)
            case "starts_with_any", [tree.Reference(path)]:
                return self._starts_with_any(subject, self._list(path).entries)
            case "mentions", [tree.Reference(path)]:
                return self._mentions(subject, self._list(path))
            case "matches", [tree.Reference(path)]:
                pattern = self.patterns[path.removeprefix("pattern.")]
                return self._matches(subject, pattern)
            case function, []:
                return _UNARY[function].format(subject)
            case function, [second] if not isinstance(second, tree.Reference):
                return self._binary(function, subject, self.print(second))
        message = f"no printing for {node.function}"  # the parser lets none pass
        raise AssertionError(message)

    def _binary(self, function: str, left: str, right: str) -> str:
        if function == "contains" and self.dialect is Dialect.POSTGRES:
            return f"(strpos({left}, {right}) > 0)"
        return _BINARY[function].format(left, right)

    def _list(self, path: str) -> NamedList:
        return self.lists[path.removeprefix("list.")]

    @staticmethod
    def _one_of(subject: str, entries: tuple[str, ...]) -> str:
        return f"({subject} IN ({', '.join(map(quote, entries))}))"

    @staticmethod
    def _starts_with_any(subject: str, entries: tuple[str, ...]) -> str:
        tests = " OR ".join(f"starts_with({subject}, {quote(one)})" for one in entries)
        return f"({tests})"

    def _mentions(self, subject: str, words: NamedList) -> str:
        """Search for a word once the harmless words containing it are blanked.

        The cheap search comes first, so that the blanking is paid only by texts
        that have a word at all.
        """
        found = self._search(subject, _either(words.entries))
        if not words.friends:
            return found
        # Longest first: PostgreSQL takes the longest match, RE2 the first listed.
        friends = sorted(words.friends, key=lambda word: (-len(word), word))
        blanked = f"regexp_replace({subject}, {quote(_either(friends))}, ' ', 'g')"
        remains = self._search(blanked, _either(words.entries))
        if self.dialect is Dialect.DUCKDB:
            none = f"WHEN {subject} IS NOT NULL THEN false"
            return f"(CASE WHEN {found} THEN {remains} {none} END)"
        return f"({found} AND {remains})"

    def _matches(self, subject: str, pattern: str) -> str:
        """Search for a pattern; some characters of one class are counted beside it.

        PostgreSQL makes an automaton of as many states as there may be characters,
        for each text anew: that takes ten times as long.
        """
        run = _RUN.fullmatch(pattern)
        if run is None:
            return self._search(subject, pattern)
        one, least, most = run.groups()
        counted = f"length({subject}) BETWEEN {least} AND {most}"
        return f"({counted} AND {self._search(subject, f'^{one}+$')})"

    def _search(self, subject: str, pattern: str) -> str:
        if self.dialect is Dialect.DUCKDB:
            return f"regexp_matches({subject}, {quote(pattern)})"
        return f"({subject} ~ {quote(pattern)})"


def _searches(node: tree.Node) -> bool:
    """Return whether a condition searches a text for words or a pattern."""
    calls = (part for part in tree.walk(node) if isinstance(part, tree.Call))
    return any(call.function in _SEARCHES for call in calls)


def _either(words: list[str] | tuple[str, ...]) -> str:
    return "|".join(re.escape(word) for word in words)


# From the first character to the last, so and so many of one class.
_RUN = re.compile(r"\^(\[[^\]\\^][^\]\\]*\])\{(\d+),(\d+)\}\$")
_SEARCHES = frozenset({"mentions", "matches"})
_UNARY: Mapping[str, str] = {
    "length": "length({0})",
    "year": "CAST(EXTRACT(year FROM {0}) AS integer)",
    "month": "CAST(EXTRACT(month FROM {0}) AS integer)",
    "day": "CAST(EXTRACT(day FROM {0}) AS integer)",
    "hour": "CAST(EXTRACT(hour FROM {0}) AS integer)",
    "abs": "abs({0})",
}
_BINARY: Mapping[str, str] = {
    "starts_with": "starts_with({0}, {1})",
    "contains": "contains({0}, {1})",
    "days_between": "({0} - {1})",
    "remainder": "({0} % {1})",
    "coalesce": "coalesce({0}, {1})",
}
