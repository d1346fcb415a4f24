"""Canaries: texts no payment has, and every spelling in which one may turn up."""

from __future__ import annotations

import base64
import itertools

MARK = "KANARIENVOGEL"
NUMBERS = itertools.count()


def canary() -> str:
    return f"{MARK}{next(NUMBERS):05d}"


def spellings() -> list[bytes]:
    """Return the mark as it may be written: plainly, in hex, in base64."""
    plain = MARK.encode()
    shifted = (base64.b64encode(b"x" * n + plain)[4:-4] for n in range(3))
    return [plain, plain.hex().encode(), plain.hex().upper().encode(), *shifted]


def sightings(place: bytes) -> list[bytes]:
    return [one for one in spellings() if one in place]
