"""The outbox: numbers and hashes are assigned in the business transaction.

Guards one rule: nothing leaves the outbox before a receipt signed by the hub vouches
for the very bytes this node recorded (wire.md b.3).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import secrets

from sqlalchemy.orm import Session

from kuwei_node.uplink import store
from kuwei_node.uplink.domain import RETAIN, Identity, Waiting, message_id
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.trust import dsse, keys
from kuwei_shared.trust.dsse import Signed
from kuwei_shared.wire import envelope as envelopes
from kuwei_shared.wire.envelope import Envelope, Receipt
from kuwei_shared.wire.ingest import ENVELOPE_BYTES_MAX


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something to say to the hub, before it has a place in a stream."""

    stream: str
    type: str
    schema_rev: int
    business_day: dt.date
    body: bytes
    catalogue: str | None = None


class OutboxService:
    """Keeps what is to be sent until the hub has it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def record(self, session: Session, identity: Identity, message: Message) -> int:
        """Put a message into its stream, in the caller's transaction.

        The stream's row stays locked until that transaction ends, so numbers have
        no gaps and follow the order of commits.

        Returns:
            The number the message got.

        Raises:
            KuweiError: ``envelope.too_large``: no hub would take it, and a number
                given to it would stop its stream for good.
        """
        now = self._clock.now()
        end = store.hold_end(session, message.stream, identity.epoch)
        envelope = Envelope(
            message_id=message_id(now, secrets.token_bytes(10)),
            sender=identity.identity,
            epoch=identity.epoch,
            stream=message.stream,
            seq=end.seq + 1,
            prev_sha256=end.last_sha256,
            type=message.type,
            schema_rev=message.schema_rev,
            business_day=message.business_day,
            created_ms=int(now.timestamp() * 1000),
            body=message.body,
            catalogue=message.catalogue,
        )
        payload = envelopes.encode(envelope)
        if len(payload) > ENVELOPE_BYTES_MAX:
            raise KuweiError(
                "envelope.too_large",
                f"{message.business_day} 的 {message.type} 有 {len(payload)} 字节,"
                f"超过 {ENVELOPE_BYTES_MAX} 字节的上限,不能上报;请联系省级。",
            )
        own = envelopes.sha256(payload)
        place = store.Place(
            seq=envelope.seq,
            last_sha256=own,
            running_sha256=envelopes.running_sha256(end.running_sha256, own),
        )
        store.append(
            session, message.stream, identity.epoch, payload=payload, end=place, at=now
        )
        return envelope.seq

    def ends(self, session: Session, epoch: int) -> dict[str, int]:
        """Return the last number of each stream."""
        return store.ends(session, epoch)

    def waiting(
        self, session: Session, stream: str, epoch: int, *, after: int, limit: int
    ) -> list[Waiting]:
        """Return the next envelopes of a stream."""
        return store.waiting(session, stream, epoch, after=after, limit=limit)

    def depth(self, session: Session, epoch: int) -> int:
        """Return how many envelopes the hub has not receipted."""
        return store.depth(session, epoch)

    def settle(self, session: Session, identity: Identity, signed: Signed) -> Receipt:
        """Believe a receipt if it is the hub's and about these very bytes.

        Raises:
            KuweiError: ``signature.*``, ``receipt.foreign`` or ``receipt.mismatch``.
        """
        key = keys.public_key(identity.hub_key)
        payload = dsse.verify(signed, envelopes.RECEIPT_TYPE, key)
        receipt = envelopes.decode_receipt(payload)
        if (receipt.sender, receipt.epoch) != (identity.identity, identity.epoch):
            raise KuweiError(
                "receipt.foreign", "回执不是给本节点当前纪元的。", kind=Kind.DENIED
            )
        self._compare(session, receipt)
        store.keep_receipt(
            session,
            receipt.stream,
            receipt.epoch,
            upto_seq=receipt.upto_seq,
            signed=dsse.to_json(signed),
            at=self._clock.now(),
        )
        return receipt

    def prune(self, session: Session) -> None:
        """Delete what is receipted and older than thirty days.

        The month is for the hub's sake: restored from a backup, it can ask again.
        """
        store.prune(session, before=self._clock.now() - RETAIN)

    def _compare(self, session: Session, receipt: Receipt) -> None:
        own = store.running_sha256(
            session, receipt.stream, receipt.epoch, receipt.upto_seq
        )
        held = store.receipted(session, receipt.epoch).get(receipt.stream, 0)
        if own is None and receipt.upto_seq <= held:
            return  # pruned after an earlier receipt
        if own != receipt.running_sha256:
            raise KuweiError(
                "receipt.mismatch",
                "省级所存与本节点所发不一致,已停止上报,请联系省级核实。",
                kind=Kind.CONFLICT,
            )
