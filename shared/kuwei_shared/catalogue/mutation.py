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
from kuwei_shared.rules.vocabulary import Sort

FLIPS: Mapping[str, tuple[str, ...]] = {
    "=": ("<>",),
    "<>": ("=",),
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
}
SWAPS: Mapping[str, str] = {"+": "-", "-": "+", "*": "+"}
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
    match node:
        case tree.Compare() | tree.Arithmetic():
            yield from _inside(node, "left", node.left)
            yield from _inside(node, "right", node.right)
        case tree.Logic():
            for at, term in enumerate(node.terms):
                for change, near, new in _of(term):
                    terms = (*node.terms[:at], new, *node.terms[at + 1 :])
                    yield change, near, replace(node, terms=terms)
        case tree.Not() | tree.IsNull():
            yield from _inside(node, "term", node.term)
        case tree.Between():
            for part in ("term", "low", "high"):
                yield from _inside(node, part, getattr(node, part))
        case tree.Member():
            yield from _inside(node, "term", node.term)
        case tree.Call():
            yield from _arguments(node)
        case tree.Literal() | tree.Name():
            return


_Parent = tree.Compare | tree.Arithmetic | tree.Not | tree.IsNull | tree.Between
_Parent |= tree.Member


def _inside(node: _Parent, part: str, child: tree.Node) -> Iterator[_Changed]:
    for change, near, new in _of(child):
        yield change, near, replace(node, **{part: new})


def _arguments(node: tree.Call) -> Iterator[_Changed]:
    if node.function == "coalesce":
        # Moving the stand-in often changes nothing; leaving it out must.
        first = node.args[0]
        if not isinstance(first, tree.Reference):
            yield "去掉 coalesce", _spell(first), first
        return
    for at, argument in enumerate(node.args):
        if isinstance(argument, tree.Reference):
            continue
        for change, near, new in _of(argument):
            args = (*node.args[:at], new, *node.args[at + 1 :])
            yield change, near, replace(node, args=args)


def _here(node: tree.Node) -> Iterator[_Changed]:
    """Yield the mutants made at a node itself."""
    match node:
        case tree.Compare():
            for op in FLIPS[node.op]:
                yield f"{node.op} 改为 {op}", _spell(node.left), replace(node, op=op)
        case tree.Literal():
            for value in shifted(node.value):
                if isinstance(value, str | Decimal | bool):
                    yield (
                        f"{node.value} 改为 {value}",
                        str(node.value),
                        tree.Literal(value, node.sort),
                    )
        case tree.Logic():
            op = "or" if node.op == "and" else "and"
            yield f"{node.op} 改为 {op}", _spell(node.terms[0]), replace(node, op=op)
        case tree.Not():
            yield "去掉 not", _spell(node.term), node.term
        case tree.IsNull():
            yield "IS NULL 取反", _spell(node.term), tree.Not(node)
        case tree.Arithmetic():
            op = SWAPS[node.op]
            yield f"{node.op} 改为 {op}", _spell(node.left), replace(node, op=op)
        case tree.Between():
            yield from _open_ends(node)
        case tree.Member():
            yield from _members_dropped(node)
        case tree.Name() | tree.Call():
            return


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
        if not rest:
            # An empty IN is no SQL: put in a value that cannot occur instead.
            rest = tuple(
                tree.Literal(value, option.sort)
                for value in shifted(option.value)[:1]
                if isinstance(value, str | Decimal | bool)
            )
        yield f"IN 去掉 {option.value}", str(option.value), replace(node, options=rest)


def _spell(node: tree.Node) -> str:
    """Return the first name or constant in a node, as written in the condition."""
    for part in tree.walk(node):
        match part:
            case tree.Name(path):
                return path
            case tree.Literal(value) if tree.sort_of(part) is not Sort.BOOLEAN:
                return str(value)
            case _:
                continue
    return ""
