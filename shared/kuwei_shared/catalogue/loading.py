"""Files → Catalogue: the one way in, for authors, the hub and the nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from kuwei_shared.catalogue import files as layout
from kuwei_shared.catalogue.document import Node, Scalar, Table, Value, find, parse
from kuwei_shared.catalogue.files import Files
from kuwei_shared.catalogue.form import Form, Notes
from kuwei_shared.catalogue.issues import Issue, Place, refusal
from kuwei_shared.catalogue.rule_file import (
    read_list,
    read_patterns,
    read_rule,
    read_values,
)
from kuwei_shared.catalogue.vocabulary_file import read_vocabulary
from kuwei_shared.rules.model import Catalogue, NamedList, Rule
from kuwei_shared.rules.vocabulary import Vocabulary

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that reading brought: what could be built, and what is wrong.

    ``rules`` and ``lists`` hold every readable file, two of one id included. Rules
    are read only if the vocabulary is: without it, each of their names is unknown.
    ``flawed`` holds rules of which some value could not be read, the rest as written.
    """

    files: Files
    nodes: Mapping[str, Node]
    vocabulary: Vocabulary
    rules: tuple[tuple[str, Rule], ...]
    lists: tuple[tuple[str, NamedList], ...]
    catalogue: Catalogue
    flawed: tuple[tuple[str, Rule], ...] = field(default=())
    issues: tuple[Issue, ...] = field(default=())

    @property
    def broken(self) -> frozenset[str]:
        """Files that could not be read as what they should be."""
        return frozenset(issue.place.path for issue in self.issues)


def load(root: Path) -> Catalogue:
    """Return the catalogue in a folder.

    Raises:
        KuweiError: listing every file that cannot be read as what it should be.
    """
    return catalogue_of(layout.read_folder(root))


def catalogue_of(files: Files) -> Catalogue:
    """Return the catalogue some files make; raise KuweiError listing issues."""
    reading = read(files)
    issues = (*reading.issues, *repeated(reading))
    if issues:
        raise refusal(issues)
    return reading.catalogue


def repeated(reading: Reading) -> Iterator[Issue]:
    """Yield the second and later uses of an id: one would hide the other."""
    seen: dict[tuple[str, str], str] = {}
    rules = (("rule", path, rule.id) for path, rule in reading.rules)
    lists = (("list", path, listed.id) for path, listed in reading.lists)
    for kind, path, one_id in (*rules, *lists):
        key = (kind, one_id)
        if key in seen:
            yield Issue(
                place=find(reading.nodes[path], ("id",)),
                code="id.unique",
                message=f"编号 {one_id} 已用于 {seen[key]}。",
                remedy="换一个编号,或删去重复的文件。",
            )
        seen.setdefault(key, path)


def read(files: Files) -> Reading:
    """Read all files, collecting every issue on the way."""
    return _Collector(files).reading()


class _Collector:
    def __init__(self, files: Files) -> None:
        self.files = files
        self.issues: list[Issue] = []
        self.nodes: dict[str, Node] = {}
        self.flawed: list[tuple[str, Rule]] = []
        self.worded = True

    def reading(self) -> Reading:
        self._parse()
        vocabulary = self._one(layout.VOCABULARY, read_vocabulary)
        self.worded = all(one.place.path != layout.VOCABULARY for one in self.issues)
        rules = self._each(
            lambda path: self.worded and layout.is_rule(path),
            lambda node, notes: read_rule(node, vocabulary, notes),
        )
        lists = self._each(layout.is_list, read_list)
        return Reading(
            files=self.files,
            nodes=self.nodes,
            vocabulary=vocabulary,
            rules=rules,
            lists=lists,
            catalogue=self._catalogue(vocabulary, rules, lists),
            flawed=tuple(self.flawed),
            issues=tuple(sorted(self.issues)),
        )

    def _catalogue(
        self,
        vocabulary: Vocabulary,
        rules: tuple[tuple[str, Rule], ...],
        lists: tuple[tuple[str, NamedList], ...],
    ) -> Catalogue:
        return Catalogue(
            version=self._one(layout.CATALOGUE, _version),
            vocabulary=vocabulary,
            rules={rule.id: rule for _, rule in rules},
            lists={one.id: one for _, one in lists},
            patterns=self._one(layout.PATTERNS, read_patterns),
            base_example=self._base_example(vocabulary),
        )

    def _base_example(self, vocabulary: Vocabulary) -> Mapping[str, Value]:
        if not self.worded:
            return {}
        return self._one(
            layout.BASE, lambda node, notes: _base(node, vocabulary, notes)
        )

    def _parse(self) -> None:
        for path, data in self.files.items():
            if path == layout.LOCK:
                continue
            parsed = parse(path, data)
            if isinstance(parsed, Issue):
                self.issues.append(parsed)
            else:
                self.nodes[path] = parsed

    def _one(self, path: str, build: Callable[[Node, Notes], T]) -> T:
        notes = Notes()
        place = Place(path=path)
        empty = Table(place=place, entries={}, keys={})
        if path not in self.files and path != layout.PATTERNS:
            notes.add(place, f"缺少文件 {path}。", "补上该文件。")
        built = build(self.nodes.get(path, empty), notes)
        if path in self.nodes or path not in self.files:
            self.issues += notes.issues
        return built

    def _each(
        self, belongs: Callable[[str], bool], build: Callable[[Node, Notes], T]
    ) -> tuple[tuple[str, T], ...]:
        built = []
        for path, node in self.nodes.items():
            if belongs(path):
                notes = Notes()
                one = build(node, notes)
                self.issues += notes.issues
                if not notes.issues:
                    built.append((path, one))
                elif isinstance(one, Rule):
                    self.flawed.append((path, one))
        return tuple(built)


def _version(node: Node, notes: Notes) -> str:
    form = Form(node, notes, node.place)
    form.text("title")
    return form.text("version")


def _base(node: Node, vocabulary: Vocabulary, notes: Notes) -> dict[str, Value]:
    return read_values(Form(node, notes, node.place), vocabulary)


def scalar(node: Node, *path: str | int) -> Scalar | None:
    """Return the single value a path leads to, if there is one."""
    for step in path:
        if isinstance(node, Table) and step in node.entries:
            node = node.entries[str(step)]
        else:
            return None
    return node if isinstance(node, Scalar) else None
