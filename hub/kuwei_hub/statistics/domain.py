"""Streams and figures as values; the decision on one envelope, without I/O."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.trust.dsse import Signed
from kuwei_shared.wire.envelope import ZERO_SHA256, Envelope
from kuwei_shared.wire.ingest import Ack, AckStatus
from kuwei_shared.wire.statistics import Family, Measure

SUMS_MAX = 5_000


class InboxState(StrEnum):
    """What the hub could do with an envelope it holds."""

    APPLIED = "applied"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    UNREAD = "unread"


class By(StrEnum):
    """What sums may be grouped by."""

    JURISDICTION = "mof_div_code"
    DAY = "business_day"
    MEASURE = "measure"
    STAGE = "stage"
    RULE = "rule_id"
    RELEASE = "release_id"


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
class Question:
    """Which figures are wanted: days inclusive; None leaves a dimension open."""

    since: dt.date
    until: dt.date
    measures: tuple[Measure, ...]
    family: Family | None = None
    rule_id: str | None = None
    jurisdictions: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRow:
    """One figure as kept; amounts in fen."""

    mof_div_code: str
    business_day: dt.date
    measure: Measure
    stage: str | None
    rule_id: str | None
    rule_version: int | None
    release_id: str | None
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A total for one combination of what was grouped by; amounts in fen."""

    key: tuple[str | dt.date | None, ...]
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A measure over many jurisdictions; amounts in fen.

    Attributes:
        over_stages: of all stages together.
        at_one_stage: of each jurisdiction the stage that has most.
    """

    measure: Measure
    over_stages: int
    at_one_stage: int


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
