"""What a condition may refer to, and what an author may have meant instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from kuwei_shared.rules.faults import ExpressionError
from kuwei_shared.rules.functions import FUNCTIONS, Arg
from kuwei_shared.rules.model import ListKind, NamedList, Param
from kuwei_shared.rules.vocabulary import PAYMENT, Sort, Type, Vocabulary

SHOWN_MAX = 8
NEAR_MAX = 3
# A scheduled rule over an entity still knows the day it runs for.
_RUN_DATE_NAMES = frozenset({"vou_date", "plan_month", "vou_month", "vou_day"})
_KINDS: Mapping[ListKind, str] = {
    ListKind.CODES: "代码(codes)",
    ListKind.WORDS: "词(words)",
}

SORTS: Mapping[Sort, str] = {
    Sort.TEXT: "文字",
    Sort.NUMBER: "数",
    Sort.DATE: "日期",
    Sort.TIMESTAMP: "时刻",
    Sort.BOOLEAN: "真假",
}
ARGUMENTS: Mapping[Arg, str] = {
    Arg.TEXT: "文字",
    Arg.NUMBER: "数",
    Arg.DATE: "日期",
    Arg.TIMESTAMP: "时刻",
    Arg.POSITIVE_LITERAL: "正数常量",
    Arg.CODE_LIST: "list.代码名单",
    Arg.WORD_LIST: "list.词名单",
    Arg.PATTERN: "pattern.格式",
    Arg.ANY: "名称",
    Arg.LITERAL_OF_FIRST: "同类常量",
}


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

    def unknown(self, path: str) -> ExpressionError:
        """Return the refusal of a name that is not here, with its likely meaning."""
        prefix, _, rest = path.partition(".")
        if prefix in {"list", "pattern"}:
            takers = "、".join(_takers(prefix))
            said = f"“{path}”不能单独使用。"
            return _refused(said, f"只写在函数 {takers} 的第二个参数里。")
        if prefix == "param":
            remedy = f"在规则的 params 里写上 {rest},{_offer(self.params, rest)}"
            return _refused(f"规则没有参数“{path}”。", remedy)
        if rest == "" and self.vocabulary.type_of(path) is not None:
            said = f"监控对象是 {self.subject},没有支付字段“{path}”。"
            return _refused(said, f"写 {self.subject}.字段名,如 {self._own()}。")
        remedy = _offer(self._all(), path)
        if not rest:
            remedy += "若是文字常量,加单引号。"
        return _refused(f"词汇表中没有“{path}”。", remedy)

    def listed(self, path: str, kind: Arg, function: str) -> None:
        """Refuse a path that is no list or pattern of the kind a function takes."""
        prefix, _, name = path.partition(".")
        wanted = "pattern" if kind is Arg.PATTERN else "list"
        known = self.patterns if kind is Arg.PATTERN else self.lists
        if prefix != wanted:
            said = f"函数 {function} 的第二个参数不能是“{path}”。"
            raise _refused(said, f"写 {wanted}.名称,{_offer(known, name)}", "list")
        if name not in known:
            gone = f"没有 lists/{name}.yaml"
            gone = gone if wanted == "list" else f"patterns.yaml 里没有 {name}"
            said = f"函数 {function} 找不到“{path}”:{gone}。"
            raise _refused(said, _offer(known, name), "list", path)
        if kind is not Arg.PATTERN:
            self._of_kind(path, kind, function)

    def _of_kind(self, path: str, kind: Arg, function: str) -> None:
        wanted = ListKind.CODES if kind is Arg.CODE_LIST else ListKind.WORDS
        found = self.lists[path.removeprefix("list.")].kind
        if found is not wanted:
            said = (
                f"函数 {function} 要{_KINDS[wanted]}的名单,“{path}”是{_KINDS[found]}。"
            )
            takers = "、".join(_takers("list", found))
            raise _refused(said, f"换一份名单,或改用 {takers}。", "list")

    def _own(self) -> str:
        entity = self.vocabulary.entities.get(self.subject)
        fields = list(entity.fields) if entity else ["…"]
        return f"{self.subject}.{fields[0]}"

    def _all(self) -> Iterator[str]:
        words = self.vocabulary
        if self.subject == PAYMENT:
            yield from (name for name, _ in words.bare())
        for entity in words.entities.values():
            yield from (f"{entity.name}.{column}" for column in entity.fields)
        yield from (f"fact.{name}" for name in words.facts)
        yield from (f"param.{name}" for name in self.params)


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """Return the known words a word may have been meant for, likeliest first."""
    spelt = {one.lower(): one for one in known}
    asked = word.lower()
    ends = [one for one in spelt if one.rpartition(".")[2] == asked]
    near = dict.fromkeys([*ends, *get_close_matches(asked, spelt)])
    return [spelt[one] for one in near][:NEAR_MAX]


def usage(function: str) -> str:
    """Return how a function is written, e.g. ``one_of(文字, list.代码名单)``."""
    args = ", ".join(ARGUMENTS[one] for one in FUNCTIONS[function].args)
    return f"{function}({args})"


def _offer(known: Iterable[str], word: str) -> str:
    """Return the remedy for an unknown word: the near ones, or some there are."""
    known = sorted(known)
    near = nearest(word, known)
    if near:
        return f"是否 {'、'.join(near)}?"
    if not known:
        return "目前一个也没有。"
    if len(known) > SHOWN_MAX:
        return f"已有的 {len(known)} 个里没有相近的。"
    return f"可用的有 {'、'.join(known)}。"


def _takers(prefix: str, kind: ListKind | None = None) -> Iterator[str]:
    """Yield the functions that take a list (of a kind) or a pattern."""
    wanted = {Arg.PATTERN} if prefix == "pattern" else {Arg.CODE_LIST, Arg.WORD_LIST}
    if kind is not None:
        wanted = {Arg.CODE_LIST if kind is ListKind.CODES else Arg.WORD_LIST}
    for name, signature in FUNCTIONS.items():
        if wanted.intersection(signature.args):
            yield name


def _refused(
    said: str, remedy: str, what: str = "name", missing: str = ""
) -> ExpressionError:
    error = ExpressionError(f"unknown_{what}", said, remedy)
    if missing:
        error.details["missing"] = missing
    return error
