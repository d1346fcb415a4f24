"""Text to typed tree: parse with sqlglot, let pass only what is listed.

Invariants:
- every syntax node is translated by name; an unknown one is an error;
- every name is resolved against the vocabulary and the rule's parameters;
- operands of a comparison are of one family; a condition is boolean;
- length, depth and size are bounded, so that no rule can exhaust the compiler.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial

from sqlglot import exp

from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.faults import TOO_BIG, ExpressionError, gathered
from kuwei_shared.rules.functions import FUNCTIONS, Arg, Signature
from kuwei_shared.rules.naming import ARGUMENTS, SORTS, Names, nearest, usage
from kuwei_shared.rules.syntax import foreign, placed, read, shown, unread
from kuwei_shared.rules.vocabulary import Sort

DEPTH_MAX = 24
NODES_MAX = 200
TEXT_LITERAL_MAX = 200
# Beyond eighteen digits DuckDB would silently turn to binary fractions.
_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{0,6})?")

COMPARISONS: Mapping[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
ARITHMETIC: Mapping[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
}
# sqlglot gives some of our function names classes of its own.
SPELLED: Mapping[type[exp.Expr], str] = {
    exp.Year: "year",
    exp.Month: "month",
    exp.Day: "day",
    exp.Abs: "abs",
    exp.Length: "length",
    exp.StartsWith: "starts_with",
    exp.Coalesce: "coalesce",
    exp.Contains: "contains",
    exp.Hour: "hour",
}


def parse(text: str, names: Names) -> tree.Node:
    """Return the typed tree of a condition.

    Raises:
        ExpressionError: with a Chinese sentence naming the place and remedy.
    """
    parsed = read(text)
    node = _Translator(names).translate(parsed, 0)
    if tree.sort_of(node) is not Sort.BOOLEAN:
        raise ExpressionError(
            "not_boolean",
            f"整个条件是{SORTS[tree.sort_of(node)]},不是真假判断。",
            "加上比较,例如 pay_amt >= param.limit。",
            column=0,
        )
    return node


class _Translator:
    """Turns sqlglot nodes into ours, one method per allowed form."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.count = 0

    def translate(self, node: exp.Expr, depth: int) -> tree.Node:
        self.count += 1
        if depth > DEPTH_MAX or self.count > NODES_MAX:
            raise ExpressionError(TOO_BIG, "条件过于复杂。", "拆成几条规则。")
        with placed(node):
            return self._formed(node, depth + 1)

    def _formed(self, node: exp.Expr, depth: int) -> tree.Node:
        form = self._form(type(node))
        if form is None or unread(node):
            raise foreign(node)
        return form(node, depth)

    def _every(self, nodes: Iterable[exp.Expr], depth: int) -> list[tree.Node]:
        """Translate some nodes, telling of the faults of all of them."""
        return gathered([partial(self.translate, one, depth) for one in nodes])

    def _form(
        self, kind: type[exp.Expr]
    ) -> Callable[[exp.Expr, int], tree.Node] | None:
        if kind in COMPARISONS:
            return self._compare
        if kind in ARITHMETIC:
            return self._arithmetic
        if kind in SPELLED or kind is exp.Anonymous:
            return self._call
        forms: dict[type[exp.Expr], Callable[[exp.Expr, int], tree.Node]] = {
            exp.Paren: self._paren,
            exp.And: self._logic,
            exp.Or: self._logic,
            exp.Not: self._not,
            exp.Is: self._is,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Neg: self._negative,
            exp.Column: self._name,
            exp.Literal: self._literal,
            exp.Boolean: self._boolean,
        }
        return forms.get(kind)

    def _paren(self, node: exp.Expr, depth: int) -> tree.Node:
        return self.translate(node.this, depth)

    def _compare(self, node: exp.Expr, depth: int) -> tree.Node:
        left, right = self._every([node.this, node.expression], depth)
        _same_sort(left, right, node)
        return tree.Compare(COMPARISONS[type(node)], left, right)

    def _arithmetic(self, node: exp.Expr, depth: int) -> tree.Node:
        parts = (node.this, node.expression)
        left, right = gathered([partial(self._number, one, depth) for one in parts])
        return tree.Arithmetic(ARITHMETIC[type(node)], left, right)

    def _number(self, node: exp.Expr, depth: int) -> tree.Node:
        return self._of(Sort.NUMBER, node, depth)

    def _of(self, wanted: Sort, node: exp.Expr, depth: int) -> tree.Node:
        found = self.translate(node, depth)
        if tree.sort_of(found) is not wanted:
            is_, be = SORTS[tree.sort_of(found)], SORTS[wanted]
            remedy = "加上比较。" if wanted is Sort.BOOLEAN else "只有数能加、减、乘。"
            raise ExpressionError(
                "type", f"“{shown(node)}”是{is_},此处要{be}。", remedy
            )
        return found

    def _logic(self, node: exp.Expr, depth: int) -> tree.Node:
        op = "and" if isinstance(node, exp.And) else "or"
        parts = node.flatten()
        terms = gathered([partial(self._of, Sort.BOOLEAN, one, depth) for one in parts])
        return tree.Logic(op, tuple(terms))

    def _not(self, node: exp.Expr, depth: int) -> tree.Node:
        return tree.Not(self._of(Sort.BOOLEAN, node.this, depth))

    def _is(self, node: exp.Expr, depth: int) -> tree.Node:
        if not isinstance(node.expression, exp.Null):
            said = f"IS 后只能是 NULL 或 NOT NULL,不能是“{shown(node.expression)}”。"
            remedy = "真假字段直接写名称或 not 名称。"
            raise ExpressionError("forbidden", said, remedy)
        test = tree.IsNull(self.translate(node.this, depth))
        # sqlglot keeps the NOT of IS NOT NULL in an argument of the same node.
        return tree.Not(test) if node.args.get("negate") else test

    def _in(self, node: exp.Expr, depth: int) -> tree.Node:
        if node.args.get("query") or node.args.get("unnest") or node.args.get("field"):
            said = f"“{shown(node)}”:IN 后只能是括号中的常量,不能是子查询。"
            raise ExpressionError("forbidden", said, _CONSTANTS)
        term, *options = self._every([node.this, *node.expressions], depth)
        literals = [one for one in options if isinstance(one, tree.Literal)]
        if len(literals) != len(options) or not literals:
            said = f"“{shown(node)}”:IN 后只能是常量。"
            raise ExpressionError("type", said, _CONSTANTS)
        for literal in literals:
            _same_sort(term, literal, node)
        return tree.Member(term, tuple(literals))

    def _between(self, node: exp.Expr, depth: int) -> tree.Node:
        if node.args.get("symmetric"):
            said = "不能使用 BETWEEN SYMMETRIC。"
            raise ExpressionError("forbidden", said, "小的写在前,大的写在后。")
        ends = (node.args["low"], node.args["high"])
        term, low, high = self._every([node.this, *ends], depth)
        _same_sort(term, low, node)
        _same_sort(term, high, node)
        return tree.Between(term, low, high)

    def _negative(self, node: exp.Expr, depth: int) -> tree.Node:
        zero = tree.Literal(Decimal(0), Sort.NUMBER)
        return tree.Arithmetic("-", zero, self._number(node.this, depth))

    def _name(self, node: exp.Expr, depth: int) -> tree.Node:
        del depth
        path = _path(node)
        kind = self.names.type_of(path)
        if kind is None:
            raise self.names.unknown(path)
        return tree.Name(path, kind.sort)

    def _literal(self, node: exp.Expr, depth: int) -> tree.Node:
        del depth
        text = str(node.this)
        if node.args.get("is_string"):
            if len(text) > TEXT_LITERAL_MAX:
                said = f"文字常量“{text[:12]}…”超过 {TEXT_LITERAL_MAX} 字。"
                raise ExpressionError("too_long", said, "改用名单。")
            return tree.Literal(text, Sort.TEXT)
        if not _NUMBER.fullmatch(text):
            remedy = "写成普通的数:整数至多 18 位,小数至多 6 位。"
            raise ExpressionError("type", f"“{text[:30]}”不是普通的数。", remedy)
        return tree.Literal(Decimal(text), Sort.NUMBER)

    def _boolean(self, node: exp.Expr, depth: int) -> tree.Node:
        del depth
        return tree.Literal(bool(node.this), Sort.BOOLEAN)

    def _call(self, node: exp.Expr, depth: int) -> tree.Node:
        name, given = _call_parts(node)
        signature = FUNCTIONS.get(name)
        if signature is None:
            offer = "、".join(nearest(name, FUNCTIONS) or FUNCTIONS)
            said, remedy = f"没有函数“{name}”。", f"可用 {offer}。"
            raise ExpressionError("unknown_function", said, remedy)
        if len(given) != len(signature.args):
            said = f"函数 {name} 有 {len(signature.args)} 个参数,写了 {len(given)} 个。"
            raise ExpressionError("arguments", said, f"写成 {usage(name)}。")
        pairs = zip(given, signature.args, strict=True)
        args = gathered(
            [partial(self._argument, one, kind, name, depth) for one, kind in pairs]
        )
        return tree.Call(name, tuple(args), _yields(signature, args, name))

    def _argument(
        self, node: exp.Expr, kind: Arg, function: str, depth: int
    ) -> tree.Node | tree.Reference:
        if kind in {Arg.CODE_LIST, Arg.WORD_LIST, Arg.PATTERN}:
            with placed(node):
                path = _path(node)
                self.names.listed(path, kind, function)
                return tree.Reference(path)
        found = self.translate(node, depth)
        wanted = _WANTED.get(kind)
        if (
            (wanted is not None and tree.sort_of(found) is not wanted)
            or (kind in _CONSTANT and not isinstance(found, tree.Literal))
            or (kind is Arg.POSITIVE_LITERAL and not _is_positive(found))
        ):
            said = f"函数 {function} 的参数“{shown(node)}”须是{ARGUMENTS[kind]}。"
            raise ExpressionError("type", said, f"写成 {usage(function)}。")
        return found


def _yields(
    signature: Signature, args: list[tree.Node | tree.Reference], name: str
) -> Sort:
    if signature.yields is not None:
        return signature.yields
    first, second = args
    if isinstance(first, tree.Reference) or isinstance(second, tree.Reference):
        said = f"函数 {name} 不接受名单。"
        raise ExpressionError("arguments", said, f"写成 {usage(name)}。")
    left, right = tree.sort_of(first), tree.sort_of(second)
    if left is not right:
        said = f"函数 {name} 的两个参数一个是{SORTS[left]},一个是{SORTS[right]}。"
        raise ExpressionError("type", said, "两个参数须同类。")
    return left


def _path(node: exp.Expr) -> str:
    parts = node.parts if isinstance(node, exp.Column) else []
    plain = [part for part in parts if isinstance(part, exp.Identifier)]
    if not 1 <= len(parts) <= 2 or len(plain) != len(parts):  # noqa: PLR2004  # a name, or prefix.name
        said = f"“{shown(node)}”不是词汇表中的名称。"
        raise ExpressionError("unknown_name", said, "写名称,或 前缀.名称。")
    return ".".join(part.name for part in plain)


def _same_sort(left: tree.Node, right: tree.Node, node: exp.Expr) -> None:
    sorts = {tree.sort_of(left), tree.sort_of(right)}
    if len(sorts) > 1:
        first, second = SORTS[tree.sort_of(left)], SORTS[tree.sort_of(right)]
        said = f"“{shown(node)}”比较的是{first}和{second}。"
        raise ExpressionError("type", said, _compared(sorts))


def _compared(sorts: set[Sort]) -> str:
    """Return how values of two families can be put beside one another after all."""
    if sorts & {Sort.DATE, Sort.TIMESTAMP}:
        return "日期没有常量:写 date 型参数,或用 days_between、year、month、day、hour。"
    if Sort.BOOLEAN in sorts:
        return "真假字段直接写名称或 not 名称;常量写 true、false,不加引号。"
    return "数不加引号;代码和文字加单引号。"


_CONSTANTS = "写成 in ('a', 'b');成组的值放进名单,用 one_of。"
_WANTED: Mapping[Arg, Sort] = {
    Arg.TEXT: Sort.TEXT,
    Arg.NUMBER: Sort.NUMBER,
    Arg.POSITIVE_LITERAL: Sort.NUMBER,
    Arg.DATE: Sort.DATE,
    Arg.TIMESTAMP: Sort.TIMESTAMP,
}
_CONSTANT = frozenset({Arg.POSITIVE_LITERAL, Arg.LITERAL_OF_FIRST})


def _is_positive(node: tree.Node) -> bool:
    return (
        isinstance(node, tree.Literal)
        and isinstance(node.value, Decimal)
        and node.value > 0
    )


def _call_parts(node: exp.Expr) -> tuple[str, list[exp.Expr]]:
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower(), list(node.expressions)
    extra = [arg for arg in (node.args.get("expression"),) if arg is not None]
    return SPELLED[type(node)], [node.this, *extra, *node.expressions]
