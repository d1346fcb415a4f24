"""Small wrongs done to a condition; some example must notice each of them.

Pure: a condition and its parameters go in, every mutant comes out. A mutant
that no example notices means the examples do not pin the rule down there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.model import Param, Value

FLIPS: Mapping[str, tuple[str, ...]] = {
    "=": ("<>",),
    "<>": ("=",),
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "and": ("or",),
    "or": ("and",),
    "+": ("-",),
    "-": ("+",),
    "*": ("+",),
}
MARK = "※"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A condition gone wrong in one place.

    Attributes:
        change: what was done, in Chinese.
        near: a piece of the condition's text near the change, to find its line.
        params: parameter values that differ from their defaults.
    """

    change: str
    near: str
    condition: tree.Node
    params: Mapping[str, Value]


def mutants(condition: tree.Node, params: Mapping[str, Param]) -> Iterator[Mutant]:
    """Yield every mutant of a condition and of its parameters' defaults."""
    for change, near, node in _of(condition):
        yield Mutant(change=change, near=near, condition=node, params={})
    for name, param in params.items():
        for value in shifted(param.default):
            yield Mutant(
                change=f"参数 {name} {param.default} 改为 {value}",
                near=f"param.{name}",
                condition=condition,
                params={name: value},
            )


def shifted(value: Value) -> tuple[Value, ...]:
    """Return a constant moved by the smallest step either way."""
    match value:
        case bool():
            return (not value,)
        case int():
            return (value + 1, value - 1)
        case Decimal():
            exponent = value.as_tuple().exponent
            step = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
            return (value + step, value - step)
        case dt.date():
            return (value + dt.timedelta(days=1), value - dt.timedelta(days=1))
        case str():
            return (value + MARK,)
        case _:
            return ()


_Changed = tuple[str, str, tree.Node]


def _of(node: tree.Node) -> Iterator[_Changed]:
    """Yield (change, near, node) for a node and everything below it."""
    yield from _here(node)
    if isinstance(node, tree.Call) and node.function == "coalesce":
        return  # moving the stand-in often changes nothing; leaving it out must
    parts = tree.children(node)
    if isinstance(node, tree.Member):
        parts = parts[:1]
    for at, part in enumerate(parts):
        if not isinstance(part, tree.Reference):
            for change, near, new in _of(part):
                yield change, near, _with(node, at, new)


def _with(node: tree.Node, at: int, new: tree.Node) -> tree.Node:
    """Return a node with one of its parts, counted as by ``children``, replaced."""
    match node:
        case tree.Compare() | tree.Arithmetic():
            return replace(node, left=new) if at == 0 else replace(node, right=new)
        case tree.Logic():
            return replace(node, terms=(*node.terms[:at], new, *node.terms[at + 1 :]))
        case tree.Not() | tree.IsNull() | tree.Member():
            return replace(node, term=new)
        case tree.Between():
            ends = [node.term, node.low, node.high]
            ends[at] = new
            return tree.Between(*ends)
        case tree.Call():
            return replace(node, args=(*node.args[:at], new, *node.args[at + 1 :]))
        case tree.Literal() | tree.Name():
            return node


def _here(node: tree.Node) -> Iterator[_Changed]:
    """Yield the mutants made at a node itself."""
    near = _spell(node)
    match node:
        case tree.Compare() | tree.Arithmetic() | tree.Logic():
            for op in FLIPS[node.op]:
                yield f"{node.op} 改为 {op}", near, replace(node, op=op)
        case tree.Literal():
            for literal in _moved(node):
                yield f"{node.value} 改为 {literal.value}", near, literal
        case tree.Not() | tree.IsNull():
            yield "取反", near, _negated(node)
        case tree.Between() | tree.Member() | tree.Call():
            yield from _loosened(node)
        case tree.Name():
            return


def _loosened(node: tree.Between | tree.Member | tree.Call) -> Iterator[_Changed]:
    match node:
        case tree.Between():
            yield from _open_ends(node)
        case tree.Member():
            yield from _members_dropped(node)
        case tree.Call("coalesce", args) if not isinstance(args[0], tree.Reference):
            yield "去掉 coalesce", _spell(node), args[0]
        case tree.Call():
            return


def _negated(node: tree.Not | tree.IsNull) -> tree.Node:
    return node.term if isinstance(node, tree.Not) else tree.Not(node)


def _moved(literal: tree.Literal) -> Iterator[tree.Literal]:
    for value in shifted(literal.value):
        if isinstance(value, str | Decimal | bool):
            yield tree.Literal(value, literal.sort)


def _open_ends(node: tree.Between) -> Iterator[_Changed]:
    for change, above, below in (
        ("BETWEEN 不含下端", ">", "<="),
        ("BETWEEN 不含上端", ">=", "<"),
    ):
        terms = (
            tree.Compare(above, node.term, node.low),
            tree.Compare(below, node.term, node.high),
        )
        yield change, _spell(node.term), tree.Logic("and", terms)


def _members_dropped(node: tree.Member) -> Iterator[_Changed]:
    for at, option in enumerate(node.options):
        rest = (*node.options[:at], *node.options[at + 1 :])
        # An empty IN is no SQL: put in a value that is not the dropped one.
        kept = rest or tuple(_moved(option))[:1]
        yield f"IN 去掉 {option.value}", str(option.value), replace(node, options=kept)


def _spell(node: tree.Node) -> str:
    """Return the first name or constant in a node, as written in the condition."""
    for part in tree.walk(node):
        match part:
            case tree.Name(path):
                return path
            case tree.Literal(value) if not isinstance(value, bool):
                return str(value)
            case _:
                continue
    return ""
