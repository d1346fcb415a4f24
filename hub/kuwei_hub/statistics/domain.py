"""Streams and figures as values; the decision on one envelope, without I/O."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar, assert_never

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.trust.dsse import Signed
from kuwei_shared.wire.envelope import ZERO_SHA256, Envelope
from kuwei_shared.wire.ingest import Ack, AckStatus
from kuwei_shared.wire.statistics import Figure, Measure, Stage

Key = TypeVar("Key")

FOLDED = (
    Measure.PAYMENTS,
    Measure.AMOUNT_FEN,
    Measure.PAID_FEN,
    Measure.SCREENED,
    Measure.HELD,
    Measure.REJECTED,
    Measure.UNDETERMINED,
    Measure.ERRORS,
    Measure.ALERTS,
)
"""Measures sums are kept of by stage."""
RULED = (Measure.HITS, Measure.ALERTS)
"""Measures sums are kept of by rule; the rest stays daily."""


class InboxState(StrEnum):
    """What the hub could do with an envelope it holds."""

    APPLIED = "applied"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    UNREAD = "unread"


class Span(StrEnum):
    """What sums are kept of: a calendar month, a calendar year."""

    MONTH = "month"
    YEAR = "year"

    def first_day(self, day: dt.date) -> dt.date:
        """Return the first day of the span a day lies in."""
        match self:
            case Span.MONTH:
                return day.replace(day=1)
            case Span.YEAR:
                return day.replace(month=1, day=1)
            case never:
                assert_never(never)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How far a stream has come.

    Attributes:
        last_sha256: hash of the last payload, which the next one must name.
        running_sha256: hash over all payload hashes, which a receipt vouches for.
    """

    seq: int = 0
    last_sha256: bytes = ZERO_SHA256
    running_sha256: bytes = ZERO_SHA256


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Acknowledgements in request order, and a receipt per stream touched."""

    acks: list[Ack]
    receipts: list[Signed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What putting figures in force changes of their sums; nothing that stays equal.

    Attributes:
        stages: by stage, None where figures have none: measure → how much more.
        rules: by rule: measure → how much more.
    """

    stages: Mapping[Stage | None, Mapping[Measure, int]]
    rules: Mapping[str, Mapping[Measure, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSum:
    """What some jurisdictions come to in a month at one stage; amounts in fen."""

    month: dt.date
    stage: Stage | None
    figures: Mapping[Measure, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """How often something hit: a rule, or rules in a jurisdiction."""

    of: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What comparing sums with the days they are made of found."""

    sums: int = 0
    differing: int = 0

    def __add__(self, other: Checked) -> Checked:
        """Return both together."""
        return Checked(
            sums=self.sums + other.sums, differing=self.differing + other.differing
        )


def change(gone: Iterable[Figure], new: Iterable[Figure]) -> Change:
    """Return what figures in place of others change of their sums."""
    stages: dict[Stage | None, Counter[Measure]] = defaultdict(Counter)
    rules: dict[str, Counter[Measure]] = defaultdict(Counter)
    for sign, figures in ((-1, gone), (1, new)):
        for one in figures:
            if one.measure in FOLDED:
                stages[one.stage][one.measure] += sign * one.value
            if one.measure in RULED and one.rule_id is not None:
                rules[one.rule_id][one.measure] += sign * one.value
    return Change(stages=_changed(stages), rules=_changed(rules))


def _changed(of: Mapping[Key, Counter[Measure]]) -> dict[Key, dict[Measure, int]]:
    """Return what is not equal to what it was."""
    found = {key: {m: n for m, n in one.items() if n} for key, one in of.items()}
    return {key: one for key, one in found.items() if one}


def months_before(today: dt.date, count: int) -> list[dt.date]:
    """Return the first days of some months, the last of which is today's."""
    now = today.year * 12 + today.month - 1
    return [dt.date(n // 12, n % 12 + 1, 1) for n in range(now - count + 1, now + 1)]


def place(envelope: Envelope, head: Head, held_sha256: bytes | None, own: bytes) -> Ack:
    """Decide where an envelope falls in its stream.

    Args:
        envelope: verified and of the stream's epoch.
        head: the stream's present end.
        held_sha256: hash of the payload held under this number, if any.
        own: hash of this payload.
    """
    if envelope.seq <= head.seq:
        same = held_sha256 == own
        return _ack(envelope, AckStatus.DUPLICATE if same else AckStatus.CONFLICT)
    if envelope.seq > head.seq + 1:
        return Ack(
            stream=envelope.stream,
            seq=envelope.seq,
            status=AckStatus.GAP,
            expected_seq=head.seq + 1,
        )
    if envelope.prev_sha256 != head.last_sha256:
        return _ack(envelope, AckStatus.CONFLICT)
    return _ack(envelope, AckStatus.APPLIED)


def require_served(node_code: str, mof_div_code: str) -> None:
    """Refuse figures of a jurisdiction the node neither is nor hosts.

    Hosted townships carry the county's six digits and a serial of three.

    Raises:
        KuweiError: ``statistics.foreign``.
    """
    if node_code[:6] != mof_div_code[:6]:
        raise KuweiError("statistics.foreign", "不得代报其他区划的统计。")


def _ack(envelope: Envelope, status: AckStatus) -> Ack:
    code = "stream.conflict" if status is AckStatus.CONFLICT else None
    return Ack(stream=envelope.stream, seq=envelope.seq, status=status, code=code)
