"""The hash chain: each entry's digest covers it and the digest before it.

Changing, removing or inserting an entry breaks every later digest, so one known
recent digest, printed or sent to the province, proves the whole log (MF-15).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

GENESIS = bytes(32)

Details = Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act.

    Attributes:
        seq: 1, 2, 3 … without gaps.
        at: when, UTC, to the microsecond.
        actor: subject of the principal.
        actor_name: as shown then.
        act: the verb: ``放行``.
        about: the thing acted on: ``支付 2026-000123``.
        details: small facts; never payment fields.
        previous: digest of entry ``seq - 1``.
        digest: digest of this entry.
    """

    seq: int
    at: dt.datetime
    actor: str
    actor_name: str
    act: str
    about: str
    details: Details
    previous: bytes
    digest: bytes = b""

    def computed(self) -> bytes:
        """Return the digest this entry should have."""
        body = [
            self.seq,
            self.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
            self.actor,
            self.actor_name,
            self.act,
            self.about,
            dict(self.details),
            self.previous.hex(),
        ]
        text = json.dumps(
            body, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).digest()


def first_fault(entries: Iterable[Entry], *, after: bytes = GENESIS) -> int | None:
    """Return the sequence number where a run of entries breaks, None if whole.

    Args:
        entries: ascending and without gaps, starting behind ``after``.
        after: digest of the entry before the first.
    """
    previous, expected = after, None
    for entry in entries:
        gap = expected is not None and entry.seq != expected
        if gap or entry.previous != previous or entry.computed() != entry.digest:
            return entry.seq
        previous, expected = entry.digest, entry.seq + 1
    return None
