"""Opens a file with the reader its profile, its name or its first bytes call for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from kuwei_node.intake.adapters.delimited import open_delimited, unreadable
from kuwei_node.intake.adapters.himachal import HimachalReport
from kuwei_node.intake.adapters.typed import JsonLines, Parquet, Spreadsheet
from kuwei_node.intake.domain.profile import Layout, Reading
from kuwei_node.intake.domain.progress import Handed
from kuwei_node.intake.domain.rows import Source
from kuwei_node.reference.domain import KEYS, require

_ENDINGS = {
    ".csv": Layout.CSV,
    ".txt": Layout.CSV,
    ".tsv": Layout.CSV,
    ".xlsx": Layout.XLSX,
    ".xls": Layout.XLSX,
    ".jsonl": Layout.JSON_LINES,
    ".ndjson": Layout.JSON_LINES,
    ".parquet": Layout.PARQUET,
}
_MAGIC = ((b"PAR1", Layout.PARQUET), (b"PK\x03\x04", Layout.XLSX))


def open_file(path: str, name: str, reading: Reading) -> Source:
    """Open a file for reading in batches.

    Args:
        path: where the bytes are.
        name: the name it was handed in under; its ending hints at the layout.
        reading: the profile's reading part.

    Raises:
        KuweiError: ``intake.unreadable`` when there is no such file, or nothing in it.
    """
    where = Path(path)
    place = Path(name).stem
    if not where.is_file():
        raise unreadable(name, "文件不存在")
    if not where.stat().st_size:
        raise unreadable(name, "文件是空的")
    match _layout(where, name, reading):
        case Layout.XLSX:
            return Spreadsheet(path=where, place=place, reading=reading)
        case Layout.JSON_LINES:
            return JsonLines(path=where, place=place)
        case Layout.PARQUET:
            return Parquet(path=where, place=place)
        case Layout.HIMACHAL:
            return HimachalReport(path=where, place=place)
        case _:
            return open_delimited(path, place, reading)


def hand_in(path: Path, name: str | None = None) -> Handed:
    """Describe a file for handing in: its name, size and content's digest.

    Raises:
        KuweiError: ``intake.unreadable`` when it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
    except OSError as error:
        raise unreadable(str(path), error.strerror or "无法打开") from error
    return Handed(
        path=str(path.resolve()),
        name=name or path.name,
        sha256=digest.hexdigest(),
        size_bytes=path.stat().st_size,
    )


def spread(paths: Iterable[Path]) -> list[Path]:
    """Return files as given and the files in given folders, in order of name."""
    found: list[Path] = []
    for path in paths:
        inside = (
            (p for p in path.iterdir() if p.is_file()) if path.is_dir() else (path,)
        )
        found.extend(sorted(inside))
    return found


def reference_files(place: Path, entity: str | None) -> list[tuple[str, Path]]:
    """Return the files of reference data in a folder, each with its entity.

    Args:
        place: a folder with one file per entity, named after it; or one file.
        entity: what a single file holds, unless its name says it.

    Raises:
        KuweiError: ``intake.unreadable`` when a folder has none.
    """
    if place.is_file():
        return [(entity or place.stem, place)]
    wanted = KEYS if entity is None else {entity: KEYS[require(entity)]}
    found = [
        (name, path)
        for name in wanted
        for path in sorted(place.glob(f"{name}.*"))
        if path.suffix.lower() in _ENDINGS
    ]
    if not found:
        raise unreadable(str(place), "目录中没有参照数据文件")
    return found


def _layout(path: Path, name: str, reading: Reading) -> Layout:
    if reading.layout is not Layout.AUTO:
        return reading.layout
    with path.open("rb") as file:
        head = file.read(4)
    for magic, layout in _MAGIC:
        if head == magic:
            return layout
    return _ENDINGS.get(Path(name).suffix.lower(), Layout.CSV)
