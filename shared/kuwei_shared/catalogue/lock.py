"""catalog.lock: which content each rule version stands for.

A version moves exactly when the content does (style.md 41). Content is what a
rule says and does: its file without ``version`` and ``examples``, and the lists,
patterns and facts its condition uses. Drafts are not locked; a rule once locked
is retired, never deleted.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum

from kuwei_shared.catalogue import files as layout
from kuwei_shared.catalogue.issues import Issue, Place
from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.compiler import names_of
from kuwei_shared.rules.model import Catalogue, Rule, Status
from kuwei_shared.rules.parser import parse

LINES_MAX = 5_000
PARTS = 3
HEAD = "# 规则号 版本 内容摘要(sha256)。由 kuwei-rules lock 写成,不手改。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One locked rule: its version and the digest of its content, in hex."""

    version: int
    digest: str


Lock = Mapping[str, Entry]


def digest_of(rule: Rule, catalogue: Catalogue) -> str:
    """Return the digest of a rule's content, lists and facts included.

    Raises:
        ExpressionError: the condition is not in the language.
    """
    condition = parse(rule.when, names_of(rule, catalogue))
    content = asdict(rule)
    del content["version"], content["examples"]
    content["uses"] = dict(_used(condition, catalogue))
    text = json.dumps(_canonical(content), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def lock_of(catalogue: Catalogue) -> dict[str, Entry]:
    """Return the lock the catalogue as it is would have."""
    return {
        rule.id: Entry(version=rule.version, digest=digest_of(rule, catalogue))
        for rule in sorted(catalogue.rules.values(), key=lambda rule: rule.id)
        if rule.status is not Status.DRAFT
    }


def written(lock: Lock) -> bytes:
    """Return a lock as its file, one rule a line, sorted."""
    lines = [
        f"{rule_id} {entry.version} {entry.digest}"
        for rule_id, entry in sorted(lock.items())
    ]
    return "\n".join([HEAD, *lines, ""]).encode()


def read_lock(data: bytes) -> dict[str, Entry] | Issue:
    """Return a lock file's entries, or the first line that is none."""
    lock: dict[str, Entry] = {}
    lines = data.decode("utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines[:LINES_MAX], start=1):
        parts = line.split()
        if not parts or line.startswith("#"):
            continue
        well_formed = len(parts) == PARTS and parts[1].isdecimal()
        if not well_formed or parts[0] in lock:
            return Issue(
                place=Place(path=layout.LOCK, line=number),
                code="lock.form",
                message="这一行不是“规则号 版本 摘要”。",
                remedy="用 kuwei-rules lock 重写,勿手改。",
            )
        lock[parts[0]] = Entry(version=int(parts[1]), digest=parts[2])
    return lock


def differences(now: Lock, locked: Lock) -> Iterator[tuple[str, str, str]]:
    """Yield (rule id, message, remedy) where versions and contents part ways."""
    for rule_id, entry in now.items():
        before = locked.get(rule_id)
        if before is None:
            yield rule_id, "还没有锁定。", "运行 kuwei-rules lock。"
        elif before.digest != entry.digest and entry.version <= before.version:
            message = f"内容变了,版本仍是 {entry.version}。"
            yield rule_id, message, f"把 version 改为 {before.version + 1} 再锁定。"
        elif before.digest == entry.digest and entry.version != before.version:
            message = f"内容没变,版本却从 {before.version} 改为 {entry.version}。"
            yield rule_id, message, f"把 version 改回 {before.version}。"
        elif before.digest != entry.digest:
            yield rule_id, "新版本还没有锁定。", "运行 kuwei-rules lock。"
    for rule_id in locked:
        if rule_id not in now:
            message = "已锁定的规则不见了,或退回了草稿。"
            yield rule_id, message, "恢复文件,状态改为 retired。"


def blocking(now: Lock, locked: Lock) -> Iterator[tuple[str, str, str]]:
    """Yield the differences that writing a new lock must not paper over."""
    for difference in differences(now, locked):
        if "运行 kuwei-rules lock" not in difference[2]:
            yield difference


def _used(condition: tree.Node, catalogue: Catalogue) -> Iterator[tuple[str, object]]:
    for path in tree.references(condition):
        prefix, _, name = path.partition(".")
        if prefix == "list":
            yield path, asdict(catalogue.lists[name])
        else:
            yield path, catalogue.patterns[name]
    for name in tree.names(condition):
        if name.startswith("fact."):
            fact = catalogue.vocabulary.facts[name.removeprefix("fact.")]
            said = asdict(fact)
            if not fact.of_original:
                # Younger than most locks: what a fact does not say is not in them.
                del said["of_original"]
            yield name, said


def _canonical(value: object) -> object:
    """Return a value as JSON can hold it, equal values always written equally."""
    match value:
        case dict():
            return {str(key): _canonical(one) for key, one in value.items()}
        case list() | tuple():
            return [_canonical(one) for one in value]
        case StrEnum():
            return value.value
        case Decimal():
            return {"decimal": format(value.normalize(), "f")}
        case dt.date():
            return {"date": value.isoformat()}
        case _:
            return value
