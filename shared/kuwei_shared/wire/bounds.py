"""How large a number of the contract may be: what both sides' tables hold.

The wire carries more (uint64, int64); a number no column holds must be refused where
it arrives, with a sentence, and not end as a fault of the database.
"""

from __future__ import annotations

from typing import Final

from kuwei_shared.kernel.errors import KuweiError

EPOCH_MAX: Final = 2**31 - 1
"""Adoption reports carry no larger one, so no larger one is ever greeted."""
MOMENT_MS_MAX: Final = 7_258_118_400_000
"""The year 2200."""


def epoch(number: int) -> int:
    """Return an epoch that can be kept.

    Raises:
        KuweiError: ``request.epoch``.
    """
    if not 0 <= number <= EPOCH_MAX:
        raise KuweiError(
            "request.epoch",
            f"纪元 {number} 超出范围(最大 {EPOCH_MAX}),请核对 identity.json。",
        )
    return number


def moment_ms(number: int) -> int:
    """Return a moment in milliseconds since 1970 that can be reckoned with.

    Raises:
        KuweiError: ``request.clock``.
    """
    if not 0 <= number < MOMENT_MS_MAX:
        raise KuweiError(
            "request.clock",
            f"时钟读数 {number} 毫秒超出范围(1970–2199 年),请先校准本机时钟。",
        )
    return number
