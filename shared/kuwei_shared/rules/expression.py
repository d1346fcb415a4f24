"""The condition language as a typed tree; nothing outside it can be said.

The tree, not the text, is what the compiler prints: a construct that has no
class here cannot reach a database (design.md §3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from kuwei_shared.rules.vocabulary import Sort


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: text, number or boolean."""

    value: str | Decimal | bool
    sort: Sort


@dataclass(frozen=True, slots=True)
class Name:
    """A vocabulary name or parameter, in full: ``pay_amt``, ``param.limit``."""

    path: str
    sort: Sort


@dataclass(frozen=True, slots=True)
class Reference:
    """A list or pattern, allowed only as the argument of certain functions."""

    path: str


@dataclass(frozen=True, slots=True)
class Compare:
    """``left op right`` with op one of = <> < <= > >=."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Logic:
    """``and`` or ``or`` over two or more terms."""

    op: str
    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    term: Node


@dataclass(frozen=True, slots=True)
class IsNull:
    """Whether a value is missing; the only test that is never undetermined."""

    term: Node


@dataclass(frozen=True, slots=True)
class Member:
    """``term IN (constants)``."""

    term: Node
    options: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """``term BETWEEN low AND high``, both ends included."""

    term: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``left op right`` with op one of + - *; there is no division."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    """One of the listed functions."""

    function: str
    args: tuple[Node | Reference, ...]
    sort: Sort


Node = (
    Literal
    | Name
    | Compare
    | Logic
    | Not
    | IsNull
    | Member
    | Between
    | Arithmetic
    | Call
)


def sort_of(node: Node) -> Sort:
    """Return the family of values a node yields."""
    match node:
        case Literal() | Name() | Call():
            return node.sort
        case Arithmetic():
            return Sort.NUMBER
        case Compare() | Logic() | Not() | IsNull() | Member() | Between():
            return Sort.BOOLEAN


def children(node: Node | Reference) -> tuple[Node | Reference, ...]:
    """Return the direct parts of a node, left to right."""
    match node:
        case Compare() | Arithmetic():
            return (node.left, node.right)
        case Logic():
            return node.terms
        case Not() | IsNull():
            return (node.term,)
        case Member():
            return (node.term, *node.options)
        case Between():
            return (node.term, node.low, node.high)
        case Call():
            return node.args
        case Literal() | Name() | Reference():
            return ()


def walk(node: Node | Reference) -> Iterator[Node | Reference]:
    """Yield a node and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def names(node: Node) -> tuple[str, ...]:
    """Return the vocabulary names and parameters used, each once, in order."""
    found = (part.path for part in walk(node) if isinstance(part, Name))
    return tuple(dict.fromkeys(found))


_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def negation(node: Node) -> Node:
    """Return the condition that is true where a condition is false, and only there.

    Negations are moved down to the terms, so that an engine which gives up on a row
    at the first term that settles it can do so here too.
    """
    match node:
        case Not():
            return node.term
        case Logic():
            op = "or" if node.op == "and" else "and"
            return Logic(op, tuple(map(negation, node.terms)))
        case Compare():
            return Compare(_OPPOSITE[node.op], node.left, node.right)
        case _:
            return Not(node)


def may_fail(node: Node) -> bool:
    """Return whether a condition may yield nothing though nothing is missing.

    Arithmetic may leave the range of numbers, or divide by nothing.
    """
    return any(
        isinstance(part, Arithmetic)
        or (isinstance(part, Call) and part.function == "remainder")
        for part in walk(node)
    )


def null_tested(node: Node) -> frozenset[str]:
    """Return the names tested for absence or given a stand-in by coalesce."""
    tested: set[str] = set()
    for part in walk(node):
        if isinstance(part, IsNull) and isinstance(part.term, Name):
            tested.add(part.term.path)
        if isinstance(part, Call) and part.function == "coalesce":
            tested.update(arg.path for arg in part.args if isinstance(arg, Name))
    return frozenset(tested)


def references(node: Node) -> tuple[str, ...]:
    """Return the lists and patterns used (``list.x``, ``pattern.y``)."""
    found = (part.path for part in walk(node) if isinstance(part, Reference))
    return tuple(dict.fromkeys(found))
