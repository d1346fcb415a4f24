"""Adoption reports as bytes that are signed once and never serialised again."""

from __future__ import annotations

import datetime as dt
from typing import Final

from google.protobuf.message import DecodeError

from kuwei.v1 import distribution_pb2 as pb
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.releases.adoption import (
    REASON_CHARS_MAX,
    AdoptionReport,
    AdoptionState,
)
from kuwei_shared.wire.bounds import EPOCH_MAX, MOMENT_MS_MAX

_TO_WIRE: Final = {
    AdoptionState.TOLD: pb.ADOPTION_STATE_TOLD,
    AdoptionState.FETCHED: pb.ADOPTION_STATE_FETCHED,
    AdoptionState.VERIFIED: pb.ADOPTION_STATE_VERIFIED,
    AdoptionState.COMPILED: pb.ADOPTION_STATE_COMPILED,
    AdoptionState.ACTIVE: pb.ADOPTION_STATE_ACTIVE,
    AdoptionState.FAILED: pb.ADOPTION_STATE_FAILED,
}
_FROM_WIRE: Final = {number: state for state, number in _TO_WIRE.items()}
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
CODE_CHARS_MAX: Final = 60
VERSION_CHARS_MAX: Final = 20


def encode(report: AdoptionReport) -> bytes:
    """Serialise a report; the bytes are what is signed and kept."""
    return pb.AdoptionReport(
        node_code=report.node_code,
        epoch=report.epoch,
        seq=report.seq,
        version=report.version[:VERSION_CHARS_MAX],
        serial=report.serial,
        state=_TO_WIRE[report.state],
        reason_code=report.reason_code[:CODE_CHARS_MAX],
        reason=report.reason[:REASON_CHARS_MAX],
        happened_ms=(report.happened_at - _EPOCH) // dt.timedelta(milliseconds=1),
        agent_version=report.agent_version,
    ).SerializeToString()


def decode(payload: bytes) -> AdoptionReport:
    """Read a report from verified bytes.

    Raises:
        KuweiError: ``report.malformed``.
    """
    try:
        message = pb.AdoptionReport.FromString(payload)
    except DecodeError as error:
        raise _malformed() from error
    if not _is_sound(message):
        raise _malformed()
    return AdoptionReport(
        node_code=message.node_code,
        epoch=message.epoch,
        seq=message.seq,
        version=message.version,
        serial=message.serial,
        state=_FROM_WIRE[message.state],
        reason_code=message.reason_code,
        reason=message.reason,
        happened_at=_EPOCH + dt.timedelta(milliseconds=message.happened_ms),
        agent_version=message.agent_version,
    )


def _is_sound(message: pb.AdoptionReport) -> bool:
    numbers = (message.epoch, message.seq)
    # A release a node could not look at has no serial it could name.
    least = 0 if message.state == pb.ADOPTION_STATE_FAILED else 1
    texts = (
        (message.version, VERSION_CHARS_MAX),
        (message.reason_code, CODE_CHARS_MAX),
        (message.reason, REASON_CHARS_MAX),
    )
    return (
        message.state in _FROM_WIRE
        and all(0 < number <= EPOCH_MAX for number in numbers)
        and least <= message.serial <= EPOCH_MAX
        and all(len(words) <= longest for words, longest in texts)
        and 0 <= message.happened_ms < MOMENT_MS_MAX
    )


def _malformed() -> KuweiError:
    return KuweiError("report.malformed", "启用报告内容不完整或越界,已拒收。")
