"""Which files make a catalogue, read from a folder as plain bytes.

The same mapping (relative path → bytes) comes out of a release bundle, so that
what is checked at the pen and what a node activates go through one reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from kuwei_shared.catalogue.document import BYTES_MAX
from kuwei_shared.kernel.errors import Kind, KuweiError

FILES_MAX = 2_000
TOTAL_BYTES_MAX = 32 << 20

CATALOGUE = "catalogue.yaml"
VOCABULARY = "vocabulary.yaml"
PATTERNS = "patterns.yaml"
BASE = "examples/base.yaml"
LOCK = "catalog.lock"

Files = Mapping[str, bytes]

_RULE = re.compile(r"rules/(?:[a-z0-9_-]{1,40}/){0,3}[A-Za-z0-9.-]{1,40}\.yaml")
_LIST = re.compile(r"lists/[a-z0-9_-]{1,60}\.yaml")
_FIXED = frozenset({CATALOGUE, VOCABULARY, PATTERNS, BASE, LOCK})


def is_rule(path: str) -> bool:
    """Say whether a path is where a rule file lives."""
    return _RULE.fullmatch(path) is not None


def is_list(path: str) -> bool:
    """Say whether a path is where a list file lives."""
    return _LIST.fullmatch(path) is not None


def belongs(path: str) -> bool:
    """Say whether a path is part of the catalogue; all else is left out."""
    return path in _FIXED or is_rule(path) or is_list(path)


def read_folder(root: Path) -> dict[str, bytes]:
    """Return the catalogue's files under a folder, by relative path, sorted.

    Raises:
        KuweiError: no catalogue there, or more of it than can be meant.
    """
    if not (root / VOCABULARY).is_file():
        raise KuweiError(
            "catalogue.missing",
            f"{root} 下没有 {VOCABULARY},不是规则目录;请用 --catalogue 指明目录。",
            kind=Kind.MISSING,
        )
    found = {path: data for path, data in _walk(root) if belongs(path)}
    if len(found) > FILES_MAX or sum(map(len, found.values())) > TOTAL_BYTES_MAX:
        raise KuweiError("catalogue.too_big", "规则目录的文件过多或过大,请拆分。")
    return dict(sorted(found.items()))


def _walk(root: Path) -> Iterator[tuple[str, bytes]]:
    for place in root.rglob("*"):
        if place.is_file() and not place.is_symlink():
            with place.open("rb") as file:
                # One byte more than allowed lets the reader see the excess.
                yield place.relative_to(root).as_posix(), file.read(BYTES_MAX + 1)
