"""Our typed conditions in the languages of two other rule engines.

Neither has three-valued logic: comparing with null is an error there. A rule hits
when its condition is surely true, so a node is printed as "surely true" or "surely
false", with a null test where a value may be missing - what a user of those
engines would have to write. Every number is a float, dates are day numbers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.compiler import EffectiveRule, Statement
from kuwei_shared.rules.model import Value

_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


class UntranslatableError(Exception):
    """The other language has no such construct."""


def variable(path: str) -> str:
    """Return a vocabulary name as a plain identifier."""
    return path.replace(".", "__")


@dataclass(frozen=True, kw_only=True)
class Language(ABC):
    """Prints hit conditions of one language.

    Attributes:
        words: how a search for any of several words is said: ``or`` of plain
            searches, or one ``regex``; the benchmark takes the faster.
        present: names that cannot be missing.
    """

    statement: Statement
    words: str
    present: frozenset[str]

    AND, OR, EQ, NE = "and", "or", "==", "!="

    def hit(self, one: EffectiveRule) -> str:
        """Return the condition under which a rule hits."""
        needed = self.present | set(one.rule.requires)
        inner = _Within(self, one.params, needed)
        rule = one.rule
        limits = {
            "stage": rule.stages,
            "jurisdiction.level": rule.scope.levels,
            "fund_scope": rule.scope.fund_scopes,
            "pay_type_code": rule.scope.pay_types,
        }
        parts = [self._inside(n, codes) for n, codes in limits.items() if codes]
        parts += [self.there(n) for n in rule.requires if n not in self.present]
        parts.append(inner.surely(self.statement.trees[rule.id], is_true=True))
        return self.all(parts)

    def _inside(self, name: str, codes: Sequence[str]) -> str:
        known = self.member(variable(name), [self.text(str(c)) for c in codes])
        if name in self.present:
            return known
        return self.any([f"{variable(name)} {self.EQ} null", known])

    def there(self, name: str) -> str:
        """Return the test that a value is not missing."""
        return f"{variable(name)} {self.NE} null"

    def all(self, parts: Sequence[str]) -> str:
        """Join with and."""
        return f" {self.AND} ".join(f"({part})" for part in parts)

    def any(self, parts: Sequence[str]) -> str:
        """Join with or."""
        return f" {self.OR} ".join(f"({part})" for part in parts)

    def member(self, value: str, options: Sequence[str]) -> str:
        """Return the membership test."""
        return f"{value} in [{', '.join(options)}]"

    def text(self, value: str) -> str:
        """Return a text constant."""
        if "'" in value or "\\" in value:
            raise UntranslatableError(value)
        return f"'{value}'"

    def constant(self, value: Value) -> str:
        """Return a constant."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int | Decimal):
            return repr(float(value))
        raise UntranslatableError(str(value))

    def any_word(self, subject: str, entries: Sequence[str]) -> str:
        """Return the search for any of several words."""
        if self.words == "regex":
            return self.search(subject, "|".join(entries))
        return self.any([self.contains(subject, self.text(one)) for one in entries])

    @abstractmethod
    def negated(self, condition: str) -> str: ...
    @abstractmethod
    def contains(self, subject: str, part: str) -> str: ...
    @abstractmethod
    def starts(self, subject: str, start: str) -> str: ...
    @abstractmethod
    def search(self, subject: str, regex: str) -> str: ...
    @abstractmethod
    def length(self, subject: str) -> str: ...
    @abstractmethod
    def remainder(self, number: str, divisor: str) -> str: ...


class Zen(Language):
    """ZEN expression language."""

    def negated(self, condition: str) -> str:
        """Negate."""
        return f"not ({condition})"

    def contains(self, subject: str, part: str) -> str:
        """Search literally."""
        return f"contains({subject}, {part})"

    def starts(self, subject: str, start: str) -> str:
        """Test the beginning."""
        return f"startsWith({subject}, {start})"

    def search(self, subject: str, regex: str) -> str:
        """Search by pattern."""
        return f"matches({subject}, {self.text(regex)})"

    def length(self, subject: str) -> str:
        """Count characters."""
        return f"len({subject})"

    def remainder(self, number: str, divisor: str) -> str:
        """Take the remainder."""
        return f"({number} % {divisor})"


class Cel(Language):
    """Common Expression Language."""

    AND, OR = "&&", "||"

    def negated(self, condition: str) -> str:
        """Negate."""
        return f"!({condition})"

    def contains(self, subject: str, part: str) -> str:
        """Search literally."""
        return f"{subject}.contains({part})"

    def starts(self, subject: str, start: str) -> str:
        """Test the beginning."""
        return f"{subject}.startsWith({start})"

    def search(self, subject: str, regex: str) -> str:
        """Search by pattern."""
        return f"{subject}.matches({self.text(regex)})"

    def length(self, subject: str) -> str:
        """Count characters."""
        return f"double(size({subject}))"

    def remainder(self, number: str, divisor: str) -> str:
        """Take the remainder; CEL has one for integers only."""
        return f"({number} - {divisor} * double(int({number} / {divisor})))"


@dataclass(frozen=True, slots=True)
class _Within:
    """One rule being printed."""

    language: Language
    params: Mapping[str, Value]
    present: frozenset[str]

    def surely(self, node: tree.Node, *, is_true: bool) -> str:
        """Return a two-valued test that a condition is true (or false)."""
        language = self.language
        match node:
            case tree.Not():
                return self.surely(node.term, is_true=not is_true)
            case tree.Logic():
                parts = [self.surely(one, is_true=is_true) for one in node.terms]
                together = (node.op == "and") is is_true
                return language.all(parts) if together else language.any(parts)
            case tree.IsNull():
                op = language.EQ if is_true else language.NE
                return f"{self.value(node.term)} {op} null"
            case tree.Compare():
                return self._guarded(node, self._compared(node, is_true=is_true))
            case tree.Between():
                low = tree.Compare(">=", node.term, node.low)
                high = tree.Compare("<=", node.term, node.high)
                both = tree.Logic("and", (low, high))
                return self.surely(both, is_true=is_true)
            case tree.Member():
                options = [language.constant(one.value) for one in node.options]
                test = language.member(self.value(node.term), options)
            case tree.Call():
                test = self._call(node)
            case _:
                raise UntranslatableError(type(node).__name__)
        return self._guarded(node, test if is_true else language.negated(test))

    def _compared(self, node: tree.Compare, *, is_true: bool) -> str:
        op = node.op if is_true else _OPPOSITE[node.op]
        spelt = {"=": self.language.EQ, "<>": self.language.NE}.get(op, op)
        return f"{self.value(node.left)} {spelt} {self.value(node.right)}"

    def _guarded(self, node: tree.Node, test: str) -> str:
        said = dict.fromkeys(_needed(node))
        guards = [self.language.there(n) for n in said if n not in self.present]
        return self.language.all([*guards, test]) if guards else test

    def value(self, node: tree.Node) -> str:
        """Return the value of a node whose names are all present."""
        match node:
            case tree.Literal():
                return self.language.constant(node.value)
            case tree.Name(path) if path.startswith("param."):
                return self.language.constant(self.params[path.removeprefix("param.")])
            case tree.Name(path):
                return variable(path)
            case tree.Arithmetic():
                return f"({self.value(node.left)} {node.op} {self.value(node.right)})"
            case tree.Call("length", (inner,)) if not isinstance(inner, tree.Reference):
                return self.language.length(self.value(inner))
            case tree.Call("coalesce", (tree.Name() as name, tree.Literal() as other)):
                read, spare = self.value(name), self.value(other)
                return f"({self.language.there(name.path)} ? {read} : {spare})"
            case tree.Call("remainder", (number, divisor)) if not (
                isinstance(number, tree.Reference)
                or isinstance(divisor, tree.Reference)
            ):
                return self.language.remainder(self.value(number), self.value(divisor))
        raise UntranslatableError(str(node))

    def _call(self, node: tree.Call) -> str:
        language = self.language
        first, *rest = node.args
        if isinstance(first, tree.Reference):
            raise UntranslatableError(node.function)
        subject = self.value(first)
        match node.function, rest:
            case _, [tree.Reference(path)]:
                return self._looked_up(node.function, subject, path)
            case "contains", [part] if not isinstance(part, tree.Reference):
                return language.contains(subject, self.value(part))
            case "starts_with", [part] if not isinstance(part, tree.Reference):
                return language.starts(subject, self.value(part))
        raise UntranslatableError(node.function)

    def _looked_up(self, function: str, subject: str, path: str) -> str:
        """Return a test against a list or pattern of the catalogue."""
        language, catalogue = self.language, self.language.statement.catalogue
        kind, _, name = path.partition(".")
        if kind == "pattern":
            return language.search(subject, catalogue.patterns[name])
        found = catalogue.lists[name]
        said = [language.text(entry) for entry in found.entries]
        if function == "one_of":
            return language.member(subject, said)
        if function == "starts_with_any":
            return language.any([language.starts(subject, one) for one in said])
        if found.friends:
            message = "false friends"
            raise UntranslatableError(message)
        return language.any_word(subject, found.entries)


def _needed(node: tree.Node | tree.Reference) -> Iterator[str]:
    """Yield the names that must be present for a node to have a value."""
    if isinstance(node, tree.Name) and not node.path.startswith("param."):
        yield node.path
    if isinstance(node, tree.Call) and node.function == "coalesce":
        return
    for child in tree.children(node):
        yield from _needed(child)
