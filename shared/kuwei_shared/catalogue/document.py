"""YAML files as trees that remember where every value stands.

A deliberately small YAML: no tags, one document, unique text keys, bounded size
and depth, and plain scalars typed as in YAML 1.2 (so ``no`` is a text and money
is a Decimal, never a binary fraction).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

import yaml

from kuwei_shared.catalogue.issues import Issue, Place

BYTES_MAX = 1 << 20
DEPTH_MAX = 16
NODES_MAX = 100_000
SHOWN_MAX = 20

Value = str | int | Decimal | bool | dt.date | dt.datetime | None
Plain = Value | list["Plain"] | dict[str, "Plain"]

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,6}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_WORDS: dict[str, Value] = {"": None, "~": None, "null": None}
_WORDS |= {"true": True, "false": False}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A single value; ``source`` is its text in the file, for finding columns."""

    place: Place
    value: Value
    source: str = field(default="", repr=False)

    def at(self, offset: int) -> Place:
        """Return the place of a character of the value, counted from 0.

        Folding and indentation change only white space, so the n-th visible
        character of the value is the n-th visible character of the source.
        """
        seen = len("".join(str(self.value)[:offset].split()))
        line, column = self.place.line, self.place.column
        for char in self.source:
            if not char.isspace() and (seen := seen - 1) < 0:
                break
            line, column = (line + 1, 1) if char == "\n" else (line, column + 1)
        return Place(path=self.place.path, line=line, column=column)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A list of nodes."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A mapping of text keys to nodes; ``keys`` says where each key stands."""

    place: Place
    entries: Mapping[str, Node]
    keys: Mapping[str, Place]


Node = Scalar | Series | Table


def plain(node: Node) -> Plain:
    """Return a node as ordinary Python data."""
    if isinstance(node, Table):
        return {key: plain(child) for key, child in node.entries.items()}
    if isinstance(node, Series):
        return [plain(child) for child in node.items]
    return node.value


def scalars(node: Node) -> Iterator[Scalar]:
    """Yield every single value below a node, in the order of the file."""
    if isinstance(node, Scalar):
        yield node
    else:
        below = node.entries.values() if isinstance(node, Table) else node.items
        for child in below:
            yield from scalars(child)


def find(node: Node, path: tuple[str | int, ...]) -> Place:
    """Return the place of the node a path leads to, or of its nearest parent."""
    place = node.place
    for step in path:
        if isinstance(node, Table) and step in node.entries:
            place, node = node.keys[str(step)], node.entries[str(step)]
        elif isinstance(node, Series) and isinstance(step, int):
            node = node.items[step]
            place = node.place
        else:
            break
    return place


def parse(path: str, data: bytes) -> Node | Issue:
    """Read one YAML file, or say what keeps it from being read."""
    try:
        return _Reader(path, _decoded(data)).document()
    except yaml.MarkedYAMLError as error:
        place = _place(path, error.problem_mark)
        return _issue(place, _told(error, data.decode("utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError):
        return _issue(Place(path=path), "文件不是 UTF-8 的 YAML。")
    except _Refused as refused:
        return refused.issue


_PROBLEMS: tuple[tuple[str, str], ...] = (
    ("expected ',' or ']'", "方括号“[”没有关上,或项与项之间缺逗号"),
    ("expected ',' or '}'", "花括号“{”没有关上,或项与项之间缺逗号"),
    ("mapping values are not allowed", "此处不能有冒号:值里有冒号须加引号,或缩进不对"),
    ("could not find expected ':'", "键后面缺冒号,或引号没有关上"),
    ("did not find expected key", "缩进与上文不齐,或引号用得不对"),
    ("expected '-' indicator", "列表的“-”与上文不齐"),
    ("cannot start any token", "此处不能用这个字符;缩进用空格,文字加引号"),
    ("unexpected end of stream", "引号没有关上"),
    ("unknown escape character", "双引号里的反斜杠后不能接这个字符;改用单引号"),
)


def _told(error: yaml.MarkedYAMLError, text: str) -> str:
    """Return a YAML parser's complaint in Chinese, with the text where it stopped."""
    problem = str(error.problem)
    said = next((said for word, said in _PROBLEMS if word in problem), "写法有误")
    mark = error.problem_mark
    line = text.splitlines()[mark.line : mark.line + 1] if mark else []
    near = line[0][mark.column :].strip()[:SHOWN_MAX] if mark and line else ""
    return f"“{near}”处:{said}。" if near else f"{said}。"


class _Mark(Protocol):
    """Where the YAML parser stands, counted from 0."""

    line: int
    column: int


class _Refused(Exception):  # noqa: N818  # carries an issue, never leaves this module
    def __init__(self, issue: Issue) -> None:
        super().__init__(str(issue))
        self.issue = issue


def _issue(place: Place, message: str) -> Issue:
    return Issue(
        place=place,
        code="yaml",
        message=message,
        remedy="对照相邻文件改正;各键的写法见 docs/conditions.md。",
    )


def _decoded(data: bytes) -> str:
    if len(data) > BYTES_MAX:
        raise yaml.YAMLError
    return data.decode("utf-8")


class _Reader:
    """Builds the tree from parser events, holding depth and size in bounds."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.anchors: dict[str, Node] = {}
        self.nodes = 0

    def document(self) -> Node:
        """Return the only document of the file."""
        events = yaml.parse(self.text, Loader=_LOADER)
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._refuse(event, "一个文件只能有一份文档。")
                root = self._node(next(events), events, 1)
        if root is None:
            raise _Refused(_issue(Place(path=self.path), "文件是空的。"))
        return root

    def _node(
        self, event: yaml.Event, events: Iterator[yaml.Event], depth: int
    ) -> Node:
        self.nodes += 1
        if depth > DEPTH_MAX or self.nodes > NODES_MAX:
            raise self._refuse(event, "嵌套过深或内容过大。")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            raise self._refuse(event, "此处缺少内容。")
        if event.tag not in {None, "!"}:
            raise self._refuse(event, f"不用 YAML 标签 {event.tag}。")
        node = self._content(event, events, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _content(
        self, event: yaml.Event, events: Iterator[yaml.Event], depth: int
    ) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._series(event, events, depth)
        return self._table(event, events, depth)

    def _alias(self, event: yaml.AliasEvent) -> Node:
        node = self.anchors.get(event.anchor or "")
        if node is None:
            raise self._refuse(event, f"没有名为 {event.anchor} 的锚点。")
        # An alias costs what it stands for: no billion laughs.
        self.nodes += _size(node)
        return node

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        source = self._source(event)
        place = self._place(event)
        if not event.style:
            return Scalar(place=place, value=self._typed(event), source=source)
        head = re.match(r"[|>][^\n]*\n|['\"]", source)
        skip = head.end() if head else 0
        if event.style in "|>":
            place = Place(path=self.path, line=place.line + 1, column=1)
        else:
            place = Place(path=self.path, line=place.line, column=place.column + 1)
        return Scalar(place=place, value=event.value, source=source[skip:])

    def _source(self, event: yaml.ScalarEvent) -> str:
        if event.start_mark is None or event.end_mark is None:
            return ""
        return self.text[event.start_mark.index : event.end_mark.index]

    def _typed(self, event: yaml.ScalarEvent) -> Value:
        text: str = event.value
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
        try:
            if _MOMENT.fullmatch(text):
                return dt.datetime.fromisoformat(text)
            return dt.date.fromisoformat(text) if _DATE.fullmatch(text) else text
        except ValueError:
            raise self._refuse(event, f"没有 {text} 这一天。") from None

    def _series(
        self, event: yaml.Event, events: Iterator[yaml.Event], depth: int
    ) -> Series:
        items = []
        while not isinstance(child := next(events), yaml.SequenceEndEvent):
            items.append(self._node(child, events, depth + 1))
        return Series(place=self._place(event), items=tuple(items))

    def _table(
        self, event: yaml.Event, events: Iterator[yaml.Event], depth: int
    ) -> Table:
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        while not isinstance(key := next(events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                raise self._refuse(key, "键须是文字。")
            if key.value in entries:
                raise self._refuse(key, f"键 {key.value} 写了两次。")
            keys[key.value] = self._place(key)
            entries[key.value] = self._node(next(events), events, depth + 1)
        return Table(place=self._place(event), entries=entries, keys=keys)

    def _place(self, event: yaml.Event) -> Place:
        return _place(self.path, event.start_mark)

    def _refuse(self, event: yaml.Event, message: str) -> _Refused:
        return _Refused(_issue(self._place(event), message))


def _place(path: str, mark: _Mark | None) -> Place:
    if mark is None:
        return Place(path=path)
    return Place(path=path, line=mark.line + 1, column=mark.column + 1)


def _size(node: Node) -> int:
    if isinstance(node, Table):
        return 1 + sum(_size(child) for child in node.entries.values())
    if isinstance(node, Series):
        return 1 + sum(_size(child) for child in node.items)
    return 1
