"""Which encoding a text file is in: decided from its bytes, never by hope."""

from __future__ import annotations

import codecs
from pathlib import Path

BLOCK_BYTES = 1 << 20
SAMPLE_BYTES = 1 << 18
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHINESE_SHARE = 0.9
_NUL_SHARE = 0.3


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
    if _decodes(path, "utf-8"):
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
