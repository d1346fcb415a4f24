"""Which payments an import has come upon: one that comes again is repeated.

However far apart two rows of one payment stand, and in whichever of an import's files,
the second is refused. An import that was interrupted begins to remember anew: what it
stored before counts as held.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

Numbers: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
Marks: TypeAlias = np.ndarray[tuple[int], np.dtype[np.bool_]]


class Held(NamedTuple):
    """A row whose payment the ledger held before it came.

    Attributes:
        batch: number in the ledger of batches.
        line: where the row stands.
        is_same: whether every field agrees.
        seq: the payment's number.
        import_id: of the import that brought the payment, if one did.
    """

    batch: int
    line: int
    is_same: bool
    seq: int
    import_id: int | None


class Met:
    """Payments one run of an import has appended, or found held.

    Those it appended are known by their numbers; of those it found, a bit each.
    """

    def __init__(self, import_id: int) -> None:
        self._import_id = import_id
        self._since: int | None = None
        self._found = np.zeros(0, np.uint8)

    def appended(self, first_seq: int) -> None:
        """Note that payments from a number on were appended; only the first counts."""
        if self._since is None:
            self._since = first_seq

    def divide(self, held: Sequence[Held]) -> tuple[list[Held], list[Held]]:
        """Return the rows that come again, and those that come for the first time."""
        if not held:
            return [], []
        seqs = np.array([one.seq for one in held], np.int64)
        own = np.array([one.import_id == self._import_id for one in held])
        again = self._again(seqs)
        if self._since is not None:
            again |= own & (seqs >= self._since)
        marked = again.tolist()
        pairs = list(zip(held, marked, strict=True))
        return [one for one, bad in pairs if bad], [
            one for one, bad in pairs if not bad
        ]

    def _again(self, seqs: Numbers) -> Marks:
        place, bit = seqs >> 3, np.left_shift(1, seqs & 7).astype(np.uint8)
        missing = int(place.max()) + 1 - len(self._found)
        if missing > 0:
            self._found = np.pad(self._found, (0, missing))
        again: Marks = (self._found[place] & bit) != 0
        np.bitwise_or.at(self._found, place, bit)
        return again
