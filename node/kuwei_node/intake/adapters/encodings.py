"""Which encoding a text file is in: decided from its bytes, never by hope."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Protocol

import pyarrow as pa

BLOCK_BYTES = 1 << 20
SAMPLE_BYTES = 1 << 18
LETTER_BYTES = 4
# All bytes of a character but its first begin with these two bits.
FOLLOWS, FOLLOWS_MASK = 0b1000_0000, 0b1100_0000
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHINESE_SHARE = 0.9
_NUL_SHARE = 0.3


class _Readable(Protocol):
    """A file of bytes, as far as it is read here."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end."""
        ...


def detect(path: Path) -> str:
    """Return a file's encoding.

    A byte-order mark decides; then valid UTF-8; then Chinese, if what GB 18030
    makes of the bytes is nearly all everyday characters; else Western European.
    """
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return name
    wide = _unmarked_utf16(sample)
    if wide is not None:
        return wide
    with path.open("rb") as file:
        if is_utf8(file):
            return "utf-8"
    if _reads_as_chinese(sample) and _decodes(path, "gb18030"):
        return "gb18030"
    return "cp1252" if _decodes(path, "cp1252") else "latin-1"


def _unmarked_utf16(sample: bytes) -> str | None:
    """Recognise UTF-16 without a mark by the zeros beside its ASCII."""
    if len(sample) < 2:  # noqa: PLR2004  # one character is two bytes
        return None
    half = len(sample) // 2
    if sample[1::2].count(0) / half > _NUL_SHARE:
        return "utf-16-le"
    return "utf-16-be" if sample[0::2].count(0) / half > _NUL_SHARE else None


def is_utf8(file: _Readable) -> bool:
    """Whether all of a file is valid UTF-8; Arrow looks without making text of it."""
    carried = b""
    while block := file.read(BLOCK_BYTES):
        whole = carried + block
        cut = _last_letter(whole)
        carried = whole[cut:]
        if not _is_text(whole[:cut]):
            return False
    return _is_text(carried)


def _last_letter(data: bytes) -> int:
    """Return where the last character begins, however much of it is there."""
    for place in range(len(data) - 1, max(-1, len(data) - LETTER_BYTES - 1), -1):
        if data[place] & FOLLOWS_MASK != FOLLOWS:
            return place
    return len(data)


def _is_text(data: bytes) -> bool:
    try:
        pa.array([data], pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _reads_as_chinese(sample: bytes) -> bool:
    """Whether the non-ASCII characters are those of GB 2312 (everyday Chinese)."""
    text = sample.decode("gb18030", errors="ignore")
    beyond = [letter for letter in text if not letter.isascii()]
    everyday = sum(_in_gb2312(letter) for letter in beyond)
    return bool(beyond) and everyday / len(beyond) >= _CHINESE_SHARE


def _in_gb2312(letter: str) -> bool:
    try:
        letter.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
