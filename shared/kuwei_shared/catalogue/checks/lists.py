"""Lists and patterns are used, clean, and mean the same in every engine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kuwei_shared.catalogue import files as layout
from kuwei_shared.catalogue.checks.study import Case, Study
from kuwei_shared.catalogue.document import find
from kuwei_shared.catalogue.issues import Issue
from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.model import ListKind, NamedList

# Look-around, back-references, word edges and lazy or possessive repeats differ
# between PostgreSQL and RE2, or exist in one of them only.
_UNSHARED = re.compile(r"\(\?|\\[1-9bByYmMAZzxuUpPQ]|[*+?}][?+]|\[\[|\\k")

_REFERENCE = re.compile(r"\b(?:list|pattern)\.[a-z0-9_]+")


class ListIsUsed:
    """Every list and pattern is used by some rule."""

    id = "list.used"
    says = "名单和格式都有规则使用。"

    def issues(self, study: Study) -> Iterator[Issue]:
        """Yield idle lists and patterns."""
        used = {path for case in study.cases for path in _references(case)}
        reading = study.reading
        for path, one in reading.lists:
            if f"list.{one.id}" not in used:
                yield self._idle(study, path, ("id",), f"名单 {one.id}")
        for name in reading.catalogue.patterns:
            if f"pattern.{name}" not in used:
                yield self._idle(study, layout.PATTERNS, (name,), f"格式 {name}")

    def _idle(self, study: Study, path: str, keys: tuple[str, ...], what: str) -> Issue:
        return Issue(
            place=find(study.reading.nodes[path], keys),
            code=self.id,
            message=f"{what} 没有规则使用。",
            remedy="删去,或在规则中引用。",
        )


class ListIsClean:
    """Entries are trimmed; friends contain an entry, are none, and belong to words."""

    id = "list.clean"
    says = "名单的项没有空白;friends 含所列的词,自己不在所列之中。"

    def issues(self, study: Study) -> Iterator[Issue]:
        """Yield entries and friends that cannot work."""
        for path, one in study.reading.lists:
            for keys, message, remedy in _list_faults(one):
                yield Issue(
                    place=find(study.reading.nodes[path], keys),
                    code=self.id,
                    message=message,
                    remedy=remedy,
                )


class PatternIsShared:
    """A pattern uses only what PostgreSQL and RE2 read alike."""

    id = "pattern.shared"
    says = "格式只用 PostgreSQL 与 RE2 读法相同的写法。"

    def issues(self, study: Study) -> Iterator[Issue]:
        """Yield patterns that are wrong or engine-bound."""
        for name, regex in study.reading.catalogue.patterns.items():
            fault = _pattern_fault(regex)
            if fault:
                node = study.reading.nodes[layout.PATTERNS]
                yield Issue(
                    place=find(node, (name, "regex")),
                    code=self.id,
                    message=f"格式 {name}:{fault}。",
                    remedy="只用字符类、分组、|、{n,m}、^、$。",
                )


def _references(case: Case) -> Iterable[str]:
    """Return the lists and patterns a rule uses, though its condition be mistyped."""
    if case.tree is not None:
        return tree.references(case.tree)
    return _REFERENCE.findall(case.rule.when)


def _list_faults(one: NamedList) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    for at, entry in enumerate(one.entries):
        if entry != entry.strip():
            yield ("entries", at), f"“{entry}”前后有空白。", "去掉空白。"
    if one.friends and one.kind is not ListKind.WORDS:
        yield ("friends",), "代码名单没有 friends。", "删去 friends。"
    for at, friend in enumerate(one.friends):
        if friend in one.entries:
            yield ("friends", at), f"“{friend}”既在 entries 又在 friends。", "留一处。"
        elif not any(entry in friend for entry in one.entries):
            yield ("friends", at), f"“{friend}”不含任何所列的词。", "删去,它不起作用。"


def _pattern_fault(regex: str) -> str:
    try:
        re.compile(regex)
    except re.error:
        return "不是正则表达式"
    return "用了两种引擎读法不同的写法" if _UNSHARED.search(regex) else ""
