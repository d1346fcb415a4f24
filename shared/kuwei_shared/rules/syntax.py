"""A condition's text as sqlglot's tree, or where and why it cannot be taken.

What an author mistypes is looked for before sqlglot sees the text: sqlglot would
take some of it for something else, and say the rest in terms of its own classes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from kuwei_shared.rules.faults import TOO_BIG, ExpressionError, together

LENGTH_MAX = 2_000
FAULTS_MAX = 10
_FORBIDDEN = re.compile(r";|--|/\*|\x00")
_TEXT = re.compile(r"'(?:[^']|'')*'")
_WORD = re.compile(r"'(?:[^']|'')*'|[\w.]+|[<>=!]+|\S")
_ODD = re.compile(r'[^\x00-\x7f]+|"[^"]*"?')
# Full-width marks and typographic ones → what the keyboard has.
_PLAIN = str.maketrans("“”‘’、。≥≤≠", "'''',.><≠")
_SIGNS = {"≥": ">=", "≤": "<=", "≠": "<>", "=>": ">=", "=<": "<="}
_NOT_ENDED = "把判断写完整,例如 pay_amt >= param.limit。"


def read(text: str) -> exp.Paren:
    """Return sqlglot's tree of a condition, in the parentheses put around it.

    Raises:
        ExpressionError: naming the word it cannot be read at, its place and remedy.
    """
    if len(text) > LENGTH_MAX:
        raise ExpressionError(
            "too_long", f"条件超过 {LENGTH_MAX} 字符。", "拆成几条规则。"
        )
    mistyped = [*_forbidden(text), *_unpaired(text), *_odd(text)]
    if mistyped:
        raise together(mistyped[:FAULTS_MAX])
    if not text.strip():
        raise ExpressionError("syntax", "条件是空的。", _NOT_ENDED, column=0)
    try:
        parsed = sqlglot.parse_one(f"({text})", dialect="postgres")
    except ParseError as error:
        raise _unreadable(text, error) from error
    except (SqlglotError, RecursionError) as error:
        raise ExpressionError(TOO_BIG, "条件嵌套过深。", "拆成几条规则。") from error
    if type(parsed) is not exp.Paren:
        raise ExpressionError(
            "syntax", "条件不是一个判断。", "只写一个判断,数不加千分位逗号。", column=0
        )
    return parsed


def _forbidden(text: str) -> Iterator[ExpressionError]:
    for found in _FORBIDDEN.finditer(text):
        mark = "空字符" if found[0] == "\x00" else f"“{found[0]}”"
        yield ExpressionError(
            "forbidden",
            f"条件中不得有{mark}(分号、注释、空字符都不可用,引号内也不行)。",
            "删去;注释写在 YAML 的 # 之后。",
            column=found.start(),
        )


def _unpaired(text: str) -> Iterator[ExpressionError]:
    """Yield the quote that stays open, or the parentheses without a partner."""
    bare = _bare(text)
    if "'" in bare:
        at = bare.index("'")
        said = f"单引号没有成对,从“{text[at : at + 12]}”起。"
        yield ExpressionError("syntax", said, "补上另一个单引号。", column=at)
        return
    opened: list[int] = []
    for at, char in enumerate(bare):
        if char == "(":
            opened.append(at)
        elif char == ")" and opened:
            opened.pop()
        elif char == ")":
            said = "多了一个“)”,没有与它成对的“(”。"
            yield ExpressionError("syntax", said, "删去它,或补上“(”。", column=at)
    for at in opened:
        said = "“(”没有与它成对的“)”。"
        yield ExpressionError("syntax", said, "补上“)”,或删去它。", column=at)


def _odd(text: str) -> Iterator[ExpressionError]:
    """Yield words outside texts that the language cannot have: not ASCII, quoted."""
    for found in _ODD.finditer(_bare(text)):
        word = found[0]
        if word.startswith('"'):
            remedy = f"名称不加引号;文字常量用单引号,如 '{word.strip(chr(34))}'。"
        elif word in _SIGNS:
            remedy = f"改成 {_SIGNS[word]}。"
        else:
            remedy = _ascii(word)
        said = f"“{_visible(word)}”不是条件语言里的写法。"
        yield ExpressionError("syntax", said, remedy, column=found.start())


def _ascii(word: str) -> str:
    """Return what to write instead of a word that is not ASCII."""
    plain = unicodedata.normalize("NFKC", word.translate(_PLAIN))
    if plain.isascii() and plain.strip():
        return f"改成半角的 {plain} 。"
    if any(unicodedata.category(char) in {"Cf", "Zs", "Zl", "Zp"} for char in word):
        return "删去看不见的字符,或换成普通空格。"
    return "文字常量加单引号;连接判断写 and、or、not;名称用词汇表中的英文名。"


def _visible(word: str) -> str:
    return "".join(
        char if char.isprintable() and not char.isspace() else f"U+{ord(char):04X}"
        for char in word
    )


def _bare(text: str) -> str:
    """Return a condition with its text constants blanked out, place by place."""
    return _TEXT.sub(lambda found: " " * len(found[0]), text)


def _unreadable(text: str, error: ParseError) -> ExpressionError:
    """Return sqlglot's complaint as a word, its place, and the word before it."""
    told = error.errors[0] if error.errors else {}
    word = str(told.get("highlight") or "")
    at = _offset(text, word, int(told.get("line") or 1), int(told.get("col") or 1))
    before = [found for found in _WORD.finditer(text) if found.start() < at]
    last = before[-1] if before else None
    if at >= len(text) and last:
        said = f"条件到“{last[0]}”就断了,后面还缺内容。"
        return ExpressionError("syntax", said, _NOT_ENDED, column=last.start())
    said = f"“{last[0]}”之后不能接“{word}”。" if last else f"不能以“{word}”开头。"
    remedy = "补上缺的运算符、逗号、and 或 or,或删去多余的词。"
    if word in _SIGNS:
        remedy = f"改成 {_SIGNS[word]}。"
    return ExpressionError("syntax", said, remedy, column=at)


def _offset(text: str, word: str, line: int, column: int) -> int:
    """Return where a word ends up in the text, given where it ends in sqlglot's."""
    lines = f"({text})".splitlines(keepends=True)
    return max(sum(map(len, lines[: line - 1])) + column - len(word) - 1, 0)


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


@contextmanager
def placed(node: exp.Expr) -> Iterator[None]:
    """Tell a fault inside a node where it stands."""
    try:
        yield
    except ExpressionError as error:
        # The innermost node with a place names it; outer ones leave it be.
        place = _place(node)
        for one in error.all if place is not None else ():
            one.details.setdefault("column", place or 0)
        raise


def _place(node: exp.Expr) -> int | None:
    """Return where the first name in a node stands in the condition, from 0."""
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(starts) - 1 if starts else None  # the text was put in parentheses


def unread(node: exp.Expr) -> bool:
    """Say whether a node carries something no translation would look at.

    A part left unread would be dropped in silence, and the rule would then mean
    something else than it says (a negation, a second argument).
    """
    looked_at = _READ.get(type(node), _PARTS)
    return any(part and name not in looked_at for name, part in node.args.items())


def shown(node: exp.Expr) -> str:
    """Return a node as a message quotes it."""
    return node.sql(dialect="postgres")[:60]


_INSTEAD: Mapping[type[exp.Expr], str] = {
    exp.Div: "没有除法;移项改写成乘法,如 a * 2 > b。",
    exp.Mod: "取余用 remainder(数, 正数常量)。",
    exp.Like: "找字用 contains、starts_with、mentions 或 matches。",
    exp.ILike: "找字用 contains、starts_with、mentions 或 matches。",
    exp.RegexpLike: "用 matches(文字, pattern.格式)。",
    exp.Cast: "没有类型转换;两边取同类的值。",
    exp.Case: "没有 CASE;写成 and、or。",
    exp.Subquery: "没有子查询;跨支付的数用 fact.名称。",
    exp.Select: "没有子查询;跨支付的数用 fact.名称。",
    exp.Exists: "没有子查询;跨支付的数用 fact.名称。",
    exp.Null: "判断缺失写 名称 is null 或 名称 is not null。",
    exp.If: "没有 CASE;写成 and、or。",
    exp.Alias: "在它前面补上 and、or、运算符或逗号,或把判断写完整。",
    exp.Tuple: "此处多了逗号;数不写千分位,成组的值只写在 in 之后。",
}


def foreign(node: exp.Expr) -> ExpressionError:
    """Return the refusal of a form the language has not."""
    remedy = _INSTEAD.get(
        type(node), "只有 and、or、not、比较、between、in、is null、加减乘和所列函数。"
    )
    alias = node.args.get("alias")
    if isinstance(node, exp.Alias) and isinstance(alias, exp.Identifier):
        said = f"“{alias.name}”接不上前面的话。"
        return ExpressionError("forbidden", said, remedy, column=_place(alias))
    said = f"条件中不能使用“{shown(node)}”这种写法。"
    return ExpressionError("forbidden", said, remedy)
