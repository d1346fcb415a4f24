"""Text to typed tree: parse with sqlglot, let pass only what is listed.

Invariants:
- every syntax node is translated by name; an unknown one is an error;
- every name is resolved against the vocabulary and the rule's parameters;
- operands of a comparison are of one family; a condition is boolean;
- length, depth and size are bounded, so that no rule can exhaust the compiler.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.functions import FUNCTIONS, Arg, Signature
from kuwei_shared.rules.model import ListKind, NamedList, Param
from kuwei_shared.rules.vocabulary import PAYMENT, Sort, Type, Vocabulary

LENGTH_MAX = 2_000
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


class ExpressionError(KuweiError):
    """A condition that says something the language has no words for."""

    def __init__(self, code: str, message: str, *, column: int | None = None) -> None:
        details: dict[str, str | int] = {} if column is None else {"column": column}
        super().__init__(f"expression.{code}", message, details=details)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a condition may refer to: the vocabulary seen from a subject."""

    vocabulary: Vocabulary
    params: Mapping[str, Param]
    lists: Mapping[str, NamedList]
    patterns: Mapping[str, str]
    subject: str = PAYMENT

    def type_of(self, path: str) -> Type | None:
        """Return the type of a name this subject can reach, or None."""
        prefix, _, rest = path.partition(".")
        if prefix == "param":
            return self.params[rest].type if rest in self.params else None
        if path in _RUN_DATE_NAMES or self.subject == PAYMENT:
            return self.vocabulary.type_of(path)
        return self.vocabulary.type_of(path) if rest else None


# A scheduled rule over an entity still knows the day it runs for.
_RUN_DATE_NAMES = frozenset({"vou_date", "plan_month", "vou_month", "vou_day"})


def parse(text: str, names: Names) -> tree.Node:
    """Return the typed tree of a condition.

    Raises:
        ExpressionError: with a Chinese sentence naming the place and remedy.
    """
    if len(text) > LENGTH_MAX:
        raise ExpressionError(
            "too_long", f"条件超过 {LENGTH_MAX} 字符,请拆成几条规则。"
        )
    if ";" in text or "--" in text or "/*" in text or "\x00" in text:
        raise ExpressionError("forbidden", "条件中不得有分号、注释或空字符。")
    try:
        parsed = sqlglot.parse_one(f"({text})", dialect="postgres")
    except (SqlglotError, RecursionError) as error:
        raise ExpressionError("syntax", f"条件无法解析:{_first_line(error)}") from error
    if type(parsed) is not exp.Paren:
        # "a) or (b" would close the parenthesis put around it.
        raise ExpressionError("syntax", "条件无法解析:括号不成对,或不是一个判断。")
    node = _Translator(names).translate(parsed, depth=0)
    if tree.sort_of(node) is not Sort.BOOLEAN:
        raise ExpressionError("not_boolean", "条件须为真假判断,例如加上比较。")
    return node


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else "嵌套过深"


class _Translator:
    """Turns sqlglot nodes into ours, one method per allowed form."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.count = 0

    def translate(self, node: exp.Expr, *, depth: int) -> tree.Node:
        self.count += 1
        if depth > DEPTH_MAX or self.count > NODES_MAX:
            raise ExpressionError("too_big", "条件过于复杂,请拆成几条规则。")
        try:
            return self._formed(node, depth + 1)
        except ExpressionError as error:
            # The innermost node with a place names it; outer ones leave it be.
            place = _place(node)
            if place is not None:
                error.details.setdefault("column", place)
            raise

    def _formed(self, node: exp.Expr, depth: int) -> tree.Node:
        form = self._form(type(node))
        if form is None or _unread(node):
            raise ExpressionError(
                "forbidden", f"条件中不能使用“{node.sql()[:60]}”这种写法。"
            )
        return form(node, depth)

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
        return self.translate(node.this, depth=depth)

    def _compare(self, node: exp.Expr, depth: int) -> tree.Node:
        left = self.translate(node.this, depth=depth)
        right = self.translate(node.expression, depth=depth)
        self._same_sort(left, right, node)
        return tree.Compare(COMPARISONS[type(node)], left, right)

    def _arithmetic(self, node: exp.Expr, depth: int) -> tree.Node:
        left = self._number(node.this, depth)
        right = self._number(node.expression, depth)
        return tree.Arithmetic(ARITHMETIC[type(node)], left, right)

    def _number(self, node: exp.Expr, depth: int) -> tree.Node:
        found = self.translate(node, depth=depth)
        if tree.sort_of(found) is not Sort.NUMBER:
            raise ExpressionError("type", f"“{node.sql()}”不是数值,不能计算。")
        return found

    def _truth(self, node: exp.Expr, depth: int) -> tree.Node:
        found = self.translate(node, depth=depth)
        if tree.sort_of(found) is not Sort.BOOLEAN:
            raise ExpressionError("type", f"“{node.sql()}”不是真假判断。")
        return found

    def _logic(self, node: exp.Expr, depth: int) -> tree.Node:
        op = "and" if isinstance(node, exp.And) else "or"
        terms = [self._truth(part, depth) for part in node.flatten()]
        return tree.Logic(op, tuple(terms))

    def _not(self, node: exp.Expr, depth: int) -> tree.Node:
        return tree.Not(self._truth(node.this, depth))

    def _is(self, node: exp.Expr, depth: int) -> tree.Node:
        if not isinstance(node.expression, exp.Null):
            raise ExpressionError("forbidden", "IS 后只能是 NULL 或 NOT NULL。")
        test = tree.IsNull(self.translate(node.this, depth=depth))
        # sqlglot keeps the NOT of IS NOT NULL in an argument of the same node.
        return tree.Not(test) if node.args.get("negate") else test

    def _in(self, node: exp.Expr, depth: int) -> tree.Node:
        term = self.translate(node.this, depth=depth)
        if node.args.get("query") or node.args.get("unnest") or node.args.get("field"):
            raise ExpressionError("forbidden", "IN 后只能是常量,不能是子查询。")
        options = [self.translate(one, depth=depth) for one in node.expressions]
        literals = [one for one in options if isinstance(one, tree.Literal)]
        if len(literals) != len(options) or not literals:
            raise ExpressionError("type", "IN 后只能是常量;成组的值请用名单 one_of。")
        for literal in literals:
            self._same_sort(term, literal, node)
        return tree.Member(term, tuple(literals))

    def _between(self, node: exp.Expr, depth: int) -> tree.Node:
        if node.args.get("symmetric"):
            raise ExpressionError("forbidden", "不能使用 BETWEEN SYMMETRIC。")
        term = self.translate(node.this, depth=depth)
        low = self.translate(node.args["low"], depth=depth)
        high = self.translate(node.args["high"], depth=depth)
        self._same_sort(term, low, node)
        self._same_sort(term, high, node)
        return tree.Between(term, low, high)

    def _negative(self, node: exp.Expr, depth: int) -> tree.Node:
        zero = tree.Literal(Decimal(0), Sort.NUMBER)
        return tree.Arithmetic("-", zero, self._number(node.this, depth))

    def _name(self, node: exp.Expr, depth: int) -> tree.Node:
        del depth
        path = self._path(node)
        kind = self.names.type_of(path)
        if kind is None:
            raise ExpressionError("unknown_name", f"词汇表中没有“{path}”。")
        return tree.Name(path, kind.sort)

    @staticmethod
    def _path(node: exp.Expr) -> str:
        parts = node.parts if isinstance(node, exp.Column) else []
        plain = [part for part in parts if isinstance(part, exp.Identifier)]
        if not 1 <= len(parts) <= 2 or len(plain) != len(parts):  # noqa: PLR2004  # a name, or prefix.name
            raise ExpressionError("unknown_name", f"“{node.sql()}”不是词汇表中的名称。")
        if any(part.args.get("quoted") for part in plain):
            raise ExpressionError("forbidden", "名称不加引号。")
        return ".".join(part.name for part in plain)

    def _literal(self, node: exp.Expr, depth: int) -> tree.Node:
        del depth
        text = str(node.this)
        if node.args.get("is_string"):
            if len(text) > TEXT_LITERAL_MAX:
                raise ExpressionError("too_long", "文字常量过长,请改用名单。")
            return tree.Literal(text, Sort.TEXT)
        if not _NUMBER.fullmatch(text):
            raise ExpressionError("type", f"“{text[:30]}”不是普通的数。")
        return tree.Literal(Decimal(text), Sort.NUMBER)

    def _boolean(self, node: exp.Expr, depth: int) -> tree.Node:
        del depth
        return tree.Literal(bool(node.this), Sort.BOOLEAN)

    def _call(self, node: exp.Expr, depth: int) -> tree.Node:
        name, given = _call_parts(node)
        signature = FUNCTIONS.get(name)
        if signature is None:
            raise ExpressionError("unknown_function", f"没有函数“{name}”。")
        if len(given) != len(signature.args):
            raise ExpressionError(
                "arguments", f"函数 {name} 需要 {len(signature.args)} 个参数。"
            )
        args = [
            self._argument(one, kind, name, depth)
            for one, kind in zip(given, signature.args, strict=True)
        ]
        return tree.Call(name, tuple(args), self._yields(signature, args, name))

    @staticmethod
    def _yields(
        signature: Signature, args: list[tree.Node | tree.Reference], name: str
    ) -> Sort:
        if signature.yields is not None:
            return signature.yields
        first, second = args
        if isinstance(first, tree.Reference) or isinstance(second, tree.Reference):
            raise ExpressionError("arguments", f"函数 {name} 不接受名单。")
        if tree.sort_of(first) is not tree.sort_of(second):
            raise ExpressionError("type", f"函数 {name} 的两个参数类型不同。")
        return tree.sort_of(first)

    def _argument(
        self, node: exp.Expr, kind: Arg, function: str, depth: int
    ) -> tree.Node | tree.Reference:
        if kind in {Arg.CODE_LIST, Arg.WORD_LIST, Arg.PATTERN}:
            return self._reference(node, kind, function)
        found = self.translate(node, depth=depth)
        wanted = _WANTED.get(kind)
        if wanted is not None and tree.sort_of(found) is not wanted:
            raise ExpressionError(
                "type", f"函数 {function} 的参数“{node.sql()}”类型不对。"
            )
        if kind in _CONSTANT and not isinstance(found, tree.Literal):
            raise ExpressionError("type", f"函数 {function} 的该参数须为常量。")
        if kind is Arg.POSITIVE_LITERAL and not _is_positive(found):
            raise ExpressionError("type", f"函数 {function} 的该参数须为正数。")
        return found

    def _reference(self, node: exp.Expr, kind: Arg, function: str) -> tree.Reference:
        path = self._path(node)
        prefix, _, name = path.partition(".")
        if kind is Arg.PATTERN:
            known = prefix == "pattern" and name in self.names.patterns
        else:
            wanted = ListKind.CODES if kind is Arg.CODE_LIST else ListKind.WORDS
            listed = self.names.lists.get(name) if prefix == "list" else None
            known = listed is not None and listed.kind is wanted
        if not known:
            raise ExpressionError(
                "unknown_list", f"函数 {function} 找不到 {path},或种类不符。"
            )
        return tree.Reference(path)

    @staticmethod
    def _same_sort(left: tree.Node, right: tree.Node, node: exp.Expr) -> None:
        if tree.sort_of(left) is not tree.sort_of(right):
            raise ExpressionError("type", f"“{node.sql()[:80]}”两边类型不同。")


_PARTS = frozenset({"this", "expression"})
_READ: Mapping[type[exp.Expr], frozenset[str]] = {
    exp.Is: _PARTS | {"negate"},
    exp.In: frozenset({"this", "expressions", "query", "unnest", "field"}),
    exp.Between: frozenset({"this", "low", "high", "symmetric"}),
    exp.Anonymous: frozenset({"this", "expressions"}),
    exp.Coalesce: frozenset({"this", "expressions"}),
    exp.Column: frozenset({"this", "table", "db", "catalog"}),
    exp.Literal: frozenset({"this", "is_string"}),
}


def _place(node: exp.Expr) -> int | None:
    """Return where the first name in a node stands in the condition, from 0."""
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(starts) - 1 if starts else None  # the text was put in parentheses


def _unread(node: exp.Expr) -> bool:
    """Say whether a node carries something no translation would look at.

    A part left unread would be dropped in silence, and the rule would then mean
    something else than it says (a negation, a second argument).
    """
    read = _READ.get(type(node), _PARTS)
    return any(part and name not in read for name, part in node.args.items())


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
