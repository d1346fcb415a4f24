"""The envelope every figure travels in, and the receipt that lets it be forgotten.

Invariants (wire.md b.3):
* encoded once, at the sender; afterwards only the bytes are handed on;
* ``seq`` is gap-free from 1 per (sender, epoch, stream) and ``prev_sha256`` chains
  each payload to the one before, so a stream cannot be rewritten unnoticed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from kuwei.v1 import envelope_pb2 as pb
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.trust import dsse

SPEC = "kuwei/1"
ENVELOPE_TYPE = "application/vnd.kuwei.envelope.v1+protobuf"
RECEIPT_TYPE = "application/vnd.kuwei.receipt.v1+protobuf"
ZERO_SHA256 = bytes(32)
SHA256_BYTES = 32
MESSAGE_ID_BYTES = 16
STREAM = re.compile(r"stats|assess|rollout|tlog|query|evidence")
EPOCH_DAY = dt.date(1970, 1, 1)
BUSINESS_DAY_MAX = (dt.date(2200, 1, 1) - EPOCH_DAY).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One message in its place: who, which stream, which number, what.

    Attributes:
        message_id: UUIDv7, 16 bytes.
        prev_sha256: hash of the previous payload; zeros before the first.
        type: full name of the message in ``body``.
    """

    message_id: bytes
    sender: str
    epoch: int
    stream: str
    seq: int
    prev_sha256: bytes
    type: str
    schema_rev: int
    business_day: dt.date
    created_ms: int
    body: bytes
    catalogue: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The hub's word that it holds a stream up to ``upto_seq``."""

    sender: str
    epoch: int
    stream: str
    upto_seq: int
    running_sha256: bytes
    given_ms: int


def sha256(payload: bytes) -> bytes:
    """Return the hash that links a payload into its stream."""
    return hashlib.sha256(payload).digest()


def running_sha256(before: bytes, payload_sha256: bytes) -> bytes:
    """Return the running hash of a stream after one more payload."""
    return hashlib.sha256(before + payload_sha256).digest()


def encode(envelope: Envelope) -> bytes:
    """Serialise an envelope; the bytes are what is signed and kept."""
    message = pb.Envelope(
        spec=SPEC,
        message_id=envelope.message_id,
        sender=envelope.sender,
        epoch=envelope.epoch,
        stream=envelope.stream,
        seq=envelope.seq,
        prev_sha256=envelope.prev_sha256,
        type=envelope.type,
        schema_rev=envelope.schema_rev,
        business_day=(envelope.business_day - EPOCH_DAY).days,
        created_ms=envelope.created_ms,
        catalogue=envelope.catalogue,
        body=envelope.body,
    )
    return message.SerializeToString()


def decode(payload: bytes) -> Envelope:
    """Read an envelope from verified bytes.

    Raises:
        KuweiError: ``envelope.malformed`` or ``envelope.unknown_spec``.
    """
    try:
        message = pb.Envelope.FromString(payload)
    except DecodeError as error:
        raise _malformed() from error
    if message.spec != SPEC:
        raise KuweiError("envelope.unknown_spec", "信封格式版本未知,请先升级本级程序。")
    if not _is_sound(message):
        raise _malformed()
    return Envelope(
        message_id=message.message_id,
        sender=message.sender,
        epoch=message.epoch,
        stream=message.stream,
        seq=message.seq,
        prev_sha256=message.prev_sha256,
        type=message.type,
        schema_rev=message.schema_rev,
        business_day=day(message.business_day),
        created_ms=message.created_ms,
        catalogue=message.catalogue if message.HasField("catalogue") else None,
        body=message.body,
    )


def encode_receipt(receipt: Receipt) -> bytes:
    """Serialise a receipt for signing."""
    return pb.Receipt(
        sender=receipt.sender,
        epoch=receipt.epoch,
        stream=receipt.stream,
        upto_seq=receipt.upto_seq,
        running_sha256=receipt.running_sha256,
        given_ms=receipt.given_ms,
    ).SerializeToString()


def decode_receipt(payload: bytes) -> Receipt:
    """Read a receipt from verified bytes.

    Raises:
        KuweiError: ``receipt.malformed``.
    """
    try:
        message = pb.Receipt.FromString(payload)
    except DecodeError as error:
        raise KuweiError("receipt.malformed", "回执无法读取,已拒收。") from error
    return Receipt(
        sender=message.sender,
        epoch=message.epoch,
        stream=message.stream,
        upto_seq=message.upto_seq,
        running_sha256=message.running_sha256,
        given_ms=message.given_ms,
    )


def to_message(signed: dsse.Signed) -> pb.Signed:
    """Return the generated form of a signed payload."""
    return pb.Signed(
        payload_type=signed.payload_type,
        payload=signed.payload,
        signatures=[
            pb.Signature(keyid=one.keyid, sig=one.sig) for one in signed.signatures
        ],
    )


def from_message(message: pb.Signed) -> dsse.Signed:
    """Return the plain form of a signed payload; nothing is verified yet."""
    return dsse.Signed(
        payload_type=message.payload_type,
        payload=message.payload,
        signatures=tuple(
            dsse.Signature(keyid=one.keyid, sig=one.sig) for one in message.signatures
        ),
    )


def day(number: int) -> dt.date:
    """Return the date of a day number since 1970-01-01.

    Raises:
        KuweiError: ``envelope.malformed`` outside 1970–2199.
    """
    if not 0 <= number < BUSINESS_DAY_MAX:
        raise _malformed()
    return EPOCH_DAY + dt.timedelta(days=number)


def _is_sound(message: pb.Envelope) -> bool:
    return (
        len(message.message_id) == MESSAGE_ID_BYTES
        and len(message.prev_sha256) == SHA256_BYTES
        and STREAM.fullmatch(message.stream) is not None
        and message.seq > 0
        and message.epoch > 0
    )


def _malformed() -> KuweiError:
    return KuweiError("envelope.malformed", "信封内容不完整或越界,已拒收。")
