"""Envelopes in, acknowledgements and receipts out; one transaction per batch.

Invariants (wire.md b.3):
* a number is taken once; the same again is a duplicate, another is a fork alarm;
* nothing is taken after a gap, so "held up to n" means held from 1 to n;
* figures are absolute: applying a revision twice, or an old one late, is harmless;
* what can never be applied is kept and marked, so that one bad message does not
  stop a stream.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from sqlalchemy.orm import Session

from kuwei_hub.fleet.domain import EventKind
from kuwei_hub.fleet.service.company import Company
from kuwei_hub.statistics.domain import (
    Answer,
    Change,
    Head,
    InboxState,
    place,
    require_served,
)
from kuwei_hub.statistics.store import days, inbox, sums
from kuwei_shared.identity.scope import of_jurisdictions
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.trust import dsse
from kuwei_shared.trust.dsse import Signed
from kuwei_shared.wire import envelope as envelopes
from kuwei_shared.wire import statistics
from kuwei_shared.wire.envelope import Envelope, Receipt
from kuwei_shared.wire.ingest import BATCH_MAX, Ack, AckStatus

SigningKey = Callable[[], Ed25519PrivateKey]


class Ingest:
    """Takes what nodes hand in."""

    def __init__(
        self, *, clock: Clock, company: Company, signing_key: SigningKey
    ) -> None:
        self._clock = clock
        self._company = company
        self._signing_key = signing_key

    def submit(
        self, session: Session, code: str, identity: str, batch: Sequence[Signed]
    ) -> Answer:
        """Take a batch from a node; acknowledge each envelope in its order.

        Raises:
            KuweiError: ``batch.too_big``, ``session.*``.
        """
        if len(batch) > BATCH_MAX:
            raise KuweiError("batch.too_big", f"一次最多上报 {BATCH_MAX} 个信封。")
        epoch = self._company.require_submitter(session, code)
        key = self._company.signing_key(session, code, epoch)
        if key is None:
            raise KuweiError(
                "node.no_key", f"节点 {code} 没有登记签名公钥。", kind=Kind.DENIED
            )
        taking = _Taking(session, code, identity, epoch, key)
        acks = [self._take(taking, signed) for signed in batch]
        changed = of_jurisdictions([place for place, _, _ in taking.changes])
        sums.add(session, changed, taking.changes)
        return Answer(acks=acks, receipts=self._receipts(taking))

    def receipts(
        self, session: Session, code: str, identity: str, epoch: int
    ) -> list[Signed]:
        """Return fresh receipts for all streams held of a node."""
        heads = inbox.heads(session, of_jurisdictions([code]), code, epoch)
        return [
            self._receipt(identity, epoch, stream, head)
            for stream, head in sorted(heads.items())
        ]

    def positions(self, session: Session, code: str, epoch: int) -> dict[str, int]:
        """Return how far each stream of a node has been applied."""
        heads = inbox.heads(session, of_jurisdictions([code]), code, epoch)
        return {stream: head.seq for stream, head in heads.items()}

    def _take(self, taking: _Taking, signed: Signed) -> Ack:
        try:
            envelope = taking.verified(signed)
        except KuweiError as refusal:
            return _rejected("", 0, refusal.code)
        own = envelopes.sha256(signed.payload)
        head = taking.head(envelope.stream)
        held = None
        if envelope.seq <= head.seq:
            held = inbox.held_sha256(
                taking.session, taking.scope, taking.code, envelope
            )
        ack = place(envelope, head, held, own)
        if ack.status is AckStatus.CONFLICT:
            note = f"{envelope.stream} {envelope.seq}"
            kind = EventKind.STREAM_CONFLICT
            self._company.alarm(taking.session, taking.code, kind, note)
        if ack.status is not AckStatus.APPLIED:
            return ack
        return self._keep(taking, envelope, signed, head, own)

    def _keep(
        self,
        taking: _Taking,
        envelope: Envelope,
        signed: Signed,
        head: Head,
        own: bytes,
    ) -> Ack:
        now = self._clock.now()
        inbox.keep(
            taking.session,
            taking.code,
            envelope,
            payload_sha256=own,
            signed=dsse.to_json(signed),
            at=now,
        )
        taking.move(
            envelope,
            Head(
                seq=envelope.seq,
                last_sha256=own,
                running_sha256=envelopes.running_sha256(head.running_sha256, own),
            ),
        )
        state, refusal = self._apply(taking, envelope)
        inbox.mark(taking.session, taking.code, envelope, state, refusal)
        if refusal is not None:
            return _rejected(envelope.stream, envelope.seq, refusal)
        return Ack(stream=envelope.stream, seq=envelope.seq, status=AckStatus.APPLIED)

    def _apply(
        self, taking: _Taking, envelope: Envelope
    ) -> tuple[InboxState, str | None]:
        if envelope.type != statistics.DAILY_TYPE:
            return InboxState.UNREAD, None  # kept for the hub that will know it
        try:
            daily = statistics.decode(envelope.body)
            require_served(taking.code, daily.mof_div_code)
        except KuweiError as refusal:
            kind = EventKind.FIGURES_REJECTED
            self._company.alarm(taking.session, taking.code, kind, refusal.code)
            return InboxState.REJECTED, refusal.code
        scope = of_jurisdictions([daily.mof_div_code])
        changed = days.replace(
            taking.session,
            scope,
            daily,
            sender_code=taking.code,
            envelope=envelope,
            at=self._clock.now(),
        )
        if changed is None:
            return InboxState.SUPERSEDED, None
        taking.changes.append((daily.mof_div_code, daily.business_day, changed))
        return InboxState.APPLIED, None

    def _receipts(self, taking: _Taking) -> list[Signed]:
        return [
            self._receipt(taking.identity, taking.epoch, stream, head)
            for stream, head in sorted(taking.heads.items())
            if head.seq > 0
        ]

    def _receipt(self, identity: str, epoch: int, stream: str, head: Head) -> Signed:
        receipt = Receipt(
            sender=identity,
            epoch=epoch,
            stream=stream,
            upto_seq=head.seq,
            running_sha256=head.running_sha256,
            given_ms=int(self._clock.now().timestamp() * 1000),
        )
        payload = envelopes.encode_receipt(receipt)
        return dsse.sign(payload, envelopes.RECEIPT_TYPE, self._signing_key())


class _Taking:
    """One batch being taken: the sender, its key, heads held locked, days changed."""

    def __init__(
        self,
        session: Session,
        code: str,
        identity: str,
        epoch: int,
        key: Ed25519PublicKey,
    ) -> None:
        self.session = session
        self.code = code
        self.identity = identity
        self.epoch = epoch
        self.scope = of_jurisdictions([code])
        self.heads: dict[str, Head] = {}
        self.changes: list[tuple[str, dt.date, Change]] = []
        self._key = key

    def verified(self, signed: Signed) -> Envelope:
        """Return the envelope if this node signed it in its present epoch."""
        payload = dsse.verify(signed, envelopes.ENVELOPE_TYPE, self._key)
        envelope = envelopes.decode(payload)
        if envelope.sender != self.identity:
            raise KuweiError("envelope.foreign_sender", "信封的发送方不是本节点。")
        if envelope.epoch != self.epoch:
            raise KuweiError("envelope.wrong_epoch", "信封的纪元不是当前纪元。")
        return envelope

    def head(self, stream: str) -> Head:
        """Return the end of a stream, locking it on first sight."""
        if stream not in self.heads:
            self.heads[stream] = inbox.head(
                self.session,
                self.scope,
                code=self.code,
                epoch=self.epoch,
                stream=stream,
            )
        return self.heads[stream]

    def move(self, envelope: Envelope, to: Head) -> None:
        """Move a stream's end."""
        inbox.move_head(self.session, self.code, envelope, to)
        self.heads[envelope.stream] = to


def _rejected(stream: str, seq: int, code: str) -> Ack:
    return Ack(stream=stream, seq=seq, status=AckStatus.REJECTED, code=code)
