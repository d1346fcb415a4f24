"""What the hub answers to each envelope, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kuwei.v1 import ingest_pb2 as pb

BATCH_MAX = 100
BATCH_BYTES_MAX = 1 << 20
ENVELOPE_BYTES_MAX = BATCH_BYTES_MAX
"""One alone, unsigned; half of what a hub receives at once."""


class AckStatus(StrEnum):
    """What became of one envelope."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    GAP = "gap"
    REJECTED = "rejected"
    RETRY = "retry"


NUMBERS: Final = {
    AckStatus.APPLIED: pb.ACK_STATUS_APPLIED,
    AckStatus.DUPLICATE: pb.ACK_STATUS_DUPLICATE,
    AckStatus.CONFLICT: pb.ACK_STATUS_CONFLICT,
    AckStatus.GAP: pb.ACK_STATUS_GAP,
    AckStatus.REJECTED: pb.ACK_STATUS_REJECTED,
    AckStatus.RETRY: pb.ACK_STATUS_RETRY,
}
STATUSES: Final = {number: status for status, number in NUMBERS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """Acknowledgement of one envelope; ``seq`` 0 when it could not be read."""

    stream: str
    seq: int
    status: AckStatus
    expected_seq: int | None = None
    code: str | None = None
    retry_after_ms: int | None = None


def to_message(ack: Ack) -> pb.Ack:
    """Return the generated form."""
    return pb.Ack(
        stream=ack.stream,
        seq=ack.seq,
        status=NUMBERS[ack.status],
        expected_seq=ack.expected_seq or 0,
        code=ack.code or "",
        retry_after_ms=ack.retry_after_ms or 0,
    )


def from_message(message: pb.Ack) -> Ack:
    """Return the plain form; a status this side does not know means "later"."""
    return Ack(
        stream=message.stream,
        seq=message.seq,
        status=STATUSES.get(message.status, AckStatus.RETRY),
        expected_seq=message.expected_seq or None,
        code=message.code or None,
        retry_after_ms=message.retry_after_ms or None,
    )
