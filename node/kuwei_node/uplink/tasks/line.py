"""The line to the hub: greet, record, send, listen; each step its own transaction.

No transaction stays open during a call to the hub. The position in each stream is
the hub's word, never a guess: it comes from Hello and from verified receipts, so a
lost answer, a hub restart or a month away all continue at the right envelope.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from kuwei_node.uplink.domain import (
    Hub,
    HubHello,
    Identity,
    LinkState,
    Patience,
    Submitted,
    Waiting,
    is_behind,
)
from kuwei_node.uplink.service.outbox import OutboxService
from kuwei_node.uplink.service.recorder import Recorder
from kuwei_node.uplink.service.standing import Standing
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.releases.adoption import REPORT_CONFLICT
from kuwei_shared.trust import dsse
from kuwei_shared.wire.envelope import ENVELOPE_TYPE
from kuwei_shared.wire.ingest import BATCH_BYTES_MAX, BATCH_MAX, AckStatus

SIGNATURE_BYTES: Final = 256
WAITS_FOR_A_PERSON: Final = frozenset(
    {
        "session.epoch_stale",
        "stream.conflict",
        "stream.behind",
        "receipt.mismatch",
        REPORT_CONFLICT,
    }
)

FAULT: Final = "uplink.fault"
STUCK: Final = "stream.too_large"
DENIED: Final = "node.denied"
TOO_LARGE: Final = "rpc.too_large"

OtherEnds = Callable[[Session, int], Mapping[str, int]]
"""Last numbers, in an epoch, of what goes up beside the outbox."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Progress:
    """What the process knows only while it runs."""

    cursors: dict[str, int] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    credits: int = BATCH_MAX
    batch_max: int = BATCH_MAX
    stuck: set[str] = field(default_factory=set)
    has_greeted: bool = False


def no_other_ends(session: Session, epoch: int) -> Mapping[str, int]:
    """Return that nothing goes up beside the outbox."""
    del session, epoch
    return {}


class Uplink:
    """One node's line to the hub."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        hub: Hub,
        identity: Identity,
        signing_key: Ed25519PrivateKey,
        outbox: OutboxService,
        recorder: Recorder,
        standing: Standing,
        patience: Patience,
        other_ends: OtherEnds = no_other_ends,
    ) -> None:
        self._work = unit_of_work
        self._hub = hub
        self._identity = identity
        self._key = signing_key
        self._outbox = outbox
        self._recorder = recorder
        self._standing = standing
        self._patience = patience
        self._other_ends = other_ends
        self._progress = _Progress()
        self._forked: KuweiError | None = None

    def greet(self) -> HubHello:
        """Open a session and learn from where to send.

        Raises:
            KuweiError: ``stream.behind`` when the hub holds more than was ever sent
                from here (this database is an old backup), the hub's refusal, or why
                this line is stopped.
        """
        if self._forked is not None:
            raise self._forked
        epoch = self._identity.epoch
        with self._work.begin() as session:
            ends = self._outbox.ends(session, epoch)
            ends |= self._other_ends(session, epoch)
        hello = self._hub.hello(epoch, ends)
        if is_behind(ends, hello.applied):
            raise KuweiError(
                "stream.behind",
                "省级所存多于本节点记录,疑为旧备份;核实后运行 kuwei-node new-epoch。",
                kind=Kind.CONFLICT,
            )
        with self._work.begin() as session:
            self._standing.heard(session, hello)
        self._progress.cursors = dict(hello.applied)
        self._progress.credits = hello.credits
        # Another session may be with a hub that takes more: what stuck is tried once.
        self._progress.batch_max = BATCH_MAX
        self._progress.stuck.clear()
        self._progress.has_greeted = True
        return hello

    def record(self) -> int:
        """Count changed days again; return the messages recorded."""
        with self._work.begin() as session:
            self._recorder.sweep(session)
            return self._recorder.record_touched(session, self._identity)

    def send(self) -> int:
        """Send what waits; return how many envelopes the hub now holds more.

        A stream the hub puts off waits alone, and one whose next message is too large
        for the hub stands still, visibly, for this session; the others go on.

        Raises:
            KuweiError: the hub's refusal, or ``stream.conflict``.
        """
        with self._work.begin() as session:
            streams = sorted(self._outbox.ends(session, self._identity.epoch))
        ready = (
            stream
            for stream in streams
            if stream not in self._progress.stuck and self._patience.is_over(stream)
        )
        return sum(self._drain(stream) for stream in ready)

    def pulse(self) -> None:
        """Say "alive" and prune what may be forgotten."""
        with self._work.begin() as session:
            depth = self._outbox.depth(session, self._identity.epoch)
            self._outbox.prune(session)
        self._hub.heartbeat(depth)
        with self._work.begin() as session:
            self._standing.heard_again(session)

    def listen(self, wait_ms: int) -> Mapping[str, int]:
        """Wait for news and return it."""
        news = self._hub.wait(self._progress.known, wait_ms)
        self._progress.known |= news
        return news

    def require_session(self) -> None:
        """Raise while no session is open; whatever goes up waits for the greeting.

        Raises:
            KuweiError: ``session.not_open``.
        """
        if not self.has_greeted:
            raise KuweiError(
                "session.not_open",
                "尚未与省级握手,待握手后自动上报。",
                kind=Kind.UNAVAILABLE,
            )

    def stop(self, error: KuweiError) -> LinkState:
        """Send nothing more in this epoch: the hub holds another history of it."""
        self._forked = error
        return self.failed(error)

    def failed(self, error: KuweiError) -> LinkState:
        """Note a failure and return how the node now stands."""
        self._progress.has_greeted = False
        if error.code in WAITS_FOR_A_PERSON:
            state = LinkState.FORKED
        elif error.code == FAULT:
            state = LinkState.FAULTY
        elif error.code == DENIED:
            state = LinkState.SUSPENDED
        elif error.kind in {Kind.UNAVAILABLE, Kind.LIMITED}:
            state = LinkState.UNREACHABLE
        else:
            state = LinkState.REFUSED
        with self._work.begin() as session:
            self._standing.failed(session, state, error)
        return state

    @property
    def has_greeted(self) -> bool:
        """Whether a session is open as far as this side knows."""
        return self._progress.has_greeted

    def _drain(self, stream: str) -> int:
        sent = 0
        while batch := self._batch(stream):
            before = self._progress.cursors.get(stream, 0)
            answer = self._fitting(batch)
            if answer is None:
                continue  # in smaller batches, or no more of this stream
            self._learn(stream, answer)
            moved = self._progress.cursors.get(stream, 0) - before
            sent += max(moved, 0)
            if moved > 0:
                self._patience.went_on(stream)
            if self._is_put_off(stream, answer) or moved <= 0:
                break  # nothing new is held, or later: go on in another round
        return sent

    def _is_put_off(self, stream: str, answer: Submitted) -> bool:
        """Leave a stream alone if the hub asks for patience with it."""
        asked = [
            (ack.retry_after_ms or 0) / 1000
            for ack in answer.acks
            if ack.status is AckStatus.RETRY
        ]
        if not asked:
            return False
        wait = self._patience.put_off(stream, max(asked))
        log.info("stream_put_off", stream=stream, wait_s=round(wait, 1))
        return True

    def _fitting(self, batch: list[Waiting]) -> Submitted | None:
        """Submit a batch; None when it was too large for the hub as it is."""
        try:
            return self._submit(batch)
        except KuweiError as error:
            if error.code != TOO_LARGE:
                raise
        if len(batch) > 1:
            self._progress.batch_max = len(batch) // 2
        else:
            self._stand_still(batch[0])
        return None

    def _stand_still(self, one: Waiting) -> None:
        """Leave a stream alone whose next message no repetition brings across."""
        self._progress.stuck.add(one.stream)
        log.error("stream_stuck", stream=one.stream, seq=one.seq, size=len(one.payload))
        fault = KuweiError(
            STUCK,
            f"报文流 {one.stream} 第 {one.seq} 号有 {len(one.payload)} 字节,超出省级的"
            "接收上限,该流已停止上报,其余照常;请省级调高上限后重启上报进程。",
        )
        with self._work.begin() as session:
            self._standing.failed(session, LinkState.FAULTY, fault)

    def _batch(self, stream: str) -> list[Waiting]:
        if stream in self._progress.stuck:
            return []
        granted = min(self._progress.credits, self._progress.batch_max)
        limit = max(1, min(BATCH_MAX, granted))
        with self._work.begin() as session:
            waiting = self._outbox.waiting(
                session,
                stream,
                self._identity.epoch,
                after=self._progress.cursors.get(stream, 0),
                limit=limit,
            )
        size = 0
        batch: list[Waiting] = []
        for one in waiting:
            size += len(one.payload) + SIGNATURE_BYTES
            if batch and size > BATCH_BYTES_MAX:
                break
            batch.append(one)
        return batch

    def _submit(self, batch: list[Waiting]) -> Submitted:
        return self._hub.submit(
            [dsse.sign(one.payload, ENVELOPE_TYPE, self._key) for one in batch]
        )

    def _learn(self, stream: str, answer: Submitted) -> None:
        self._progress.credits = answer.credits
        with self._work.begin() as session:
            for signed in answer.receipts:
                receipt = self._outbox.settle(session, self._identity, signed)
                self._progress.cursors[receipt.stream] = receipt.upto_seq
        for ack in answer.acks:
            if ack.status is AckStatus.CONFLICT:
                raise KuweiError(
                    "stream.conflict",
                    f"省级在 {ack.stream} 第 {ack.seq} 号存有不同内容,已停止上报。",
                    kind=Kind.CONFLICT,
                )
            if ack.status is AckStatus.GAP and ack.expected_seq is not None:
                self._progress.cursors[stream] = ack.expected_seq - 1
            if ack.status is AckStatus.REJECTED:
                log.error("envelope_rejected", seq=ack.seq, code=ack.code)
                if ack.seq == 0:
                    raise KuweiError(ack.code or "envelope.rejected", "省级拒收信封。")
