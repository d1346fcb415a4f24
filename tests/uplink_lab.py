"""A node's line to a hub on paper that answers as a test says."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from federation_lab import Desk, backoff
from pace import PATIENCE_S
from sqlalchemy import text

from kuwei_node.uplink.domain import (
    HubHello,
    Identity,
    Patience,
    Submitted,
)
from kuwei_node.uplink.models import UplinkStatus
from kuwei_node.uplink.service.outbox import Message, OutboxService
from kuwei_node.uplink.service.recorder import Recorder
from kuwei_node.uplink.service.standing import Standing
from kuwei_node.uplink.tasks.line import Uplink
from kuwei_node.uplink.tasks.process import OnNews, Process, Rhythm
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.trust import dsse, keys
from kuwei_shared.trust.dsse import Signed
from kuwei_shared.wire import envelope as envelopes
from kuwei_shared.wire.envelope import Envelope, Receipt
from kuwei_shared.wire.ingest import BATCH_MAX, Ack, AckStatus

HUB_KEY, NODE_KEY = keys.new_signing_key(), keys.new_signing_key()
IDENTITY = Identity(
    node_code="450102000",
    identity="spiffe://kuwei/node/450102000",
    epoch=1,
    grpc_address="localhost:1",
    hub_key=keys.public_bytes(HUB_KEY.public_key()),
)
AWAY = KuweiError("rpc.unreachable", "不通。", kind=Kind.UNAVAILABLE)


@dataclass
class PaperHub:
    """Fulfils the Hub port: takes envelopes in order and signs for them.

    Attributes:
        answers: what to say instead, one for each coming batch; None is honest.
        bytes_max: how much of payloads it receives at once.
    """

    credits: int = BATCH_MAX
    applied: dict[str, int] = field(default_factory=dict)
    batches: list[list[Envelope]] = field(default_factory=list)
    answers: list[Submitted | KuweiError | None] = field(default_factory=list)
    running: dict[str, bytes] = field(default_factory=dict)
    depths: list[int] = field(default_factory=list)
    known: list[dict[str, int]] = field(default_factory=list)
    refuses: KuweiError | None = None
    bytes_max: int | None = None

    def hello(self, epoch: int, positions: Mapping[str, int]) -> HubHello:
        del positions
        if self.refuses:
            raise self.refuses
        return HubHello(
            epoch=epoch,
            applied=dict(self.applied),
            features=(),
            spread_ms=0,
            credits=self.credits,
            clock_skew_ms=0,
        )

    def heartbeat(self, queue_depth: int) -> None:
        self.depths.append(queue_depth)

    def wait(self, known: Mapping[str, int], wait_ms: int) -> Mapping[str, int]:
        del wait_ms
        self.known.append(dict(known))
        return {"catalogue": len(self.known)}

    def submit(self, batch: Sequence[Signed]) -> Submitted:
        self.batches.append([envelopes.decode(one.payload) for one in batch])
        size = sum(len(one.payload) for one in batch)
        if self.bytes_max is not None and size > self.bytes_max:
            raise KuweiError("rpc.too_large", "报文过大。")
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, KuweiError):
            raise answer
        if answer is not None:
            return answer
        for one in batch:
            self._apply(one)
        stream = self.batches[-1][0].stream
        return Submitted(acks=[], receipts=[self.receipt(stream)], credits=self.credits)

    def receipt(self, stream: str, **changes: object) -> Signed:
        honest = Receipt(
            sender=IDENTITY.identity,
            epoch=1,
            stream=stream,
            upto_seq=self.applied.get(stream, 0),
            running_sha256=self.running.get(stream, envelopes.ZERO_SHA256),
            given_ms=0,
        )
        payload = envelopes.encode_receipt(replace(honest, **changes))  # type: ignore[arg-type]  # a test's own fields
        return dsse.sign(payload, envelopes.RECEIPT_TYPE, HUB_KEY)

    @property
    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.batches]

    @property
    def numbers(self) -> list[int]:
        return [one.seq for batch in self.batches for one in batch]

    def _apply(self, signed: Signed) -> None:
        one = envelopes.decode(signed.payload)
        if one.seq == self.applied.get(one.stream, 0) + 1:
            self.applied[one.stream] = one.seq
            before = self.running.get(one.stream, envelopes.ZERO_SHA256)
            own = envelopes.sha256(signed.payload)
            self.running[one.stream] = envelopes.running_sha256(before, own)


@dataclass
class Post:
    """A node with an outbox, before a hub on paper."""

    work: UnitOfWork
    hub: PaperHub = field(default_factory=PaperHub)
    clock: SetClock = field(default_factory=SetClock)

    def __post_init__(self) -> None:
        self.outbox = OutboxService(self.clock)
        self.standing = Standing(self.clock)
        self.line = self.dial()

    def dial(self) -> Uplink:
        return Uplink(
            unit_of_work=self.work,
            hub=self.hub,
            identity=IDENTITY,
            signing_key=NODE_KEY,
            outbox=self.outbox,
            recorder=Recorder(self.outbox, Desk()),
            standing=self.standing,
            patience=Patience(self.clock, backoff),
        )

    def write(self, count: int, stream: str = "stats", body: bytes = b"x") -> None:
        message = Message(
            stream=stream,
            type="kuwei.v1.DailyStatistics",
            schema_rev=1,
            business_day=dt.date(2026, 1, 5),
            body=body,
        )
        with self.work.begin() as session:
            for _ in range(count):
                self.outbox.record(session, IDENTITY, message)

    def status(self) -> UplinkStatus:
        with self.work.begin() as session:
            found = self.standing.now(session)
        assert found is not None
        return found

    def hash_of(self, seq: int) -> bytes:
        query = text("SELECT running_sha256 FROM outbox WHERE seq = :seq")
        with self.work.begin() as session:
            return bytes(session.execute(query, {"seq": seq}).scalar_one())

    def left(self) -> int:
        with self.work.begin() as session:
            return int(session.scalar(text("SELECT count(*) FROM outbox")) or 0)

    def process(
        self,
        on_news: OnNews = lambda _, __: None,
    ) -> Process:
        rhythm = Rhythm(send_every_s=2, heartbeat_s=60, wait_ms=100)
        return Process(
            self.line,
            rhythm=rhythm,
            backoffs=(backoff(), backoff()),
            on_news=on_news,
        )


def told(status: AckStatus, **fields: object) -> Submitted:
    """Return an answer of one acknowledgement and no receipt."""
    plain: dict[str, object] = {"stream": "stats", "seq": 1, "status": status}
    ack = Ack(**(plain | fields))  # type: ignore[arg-type]  # a test's own fields
    return Submitted(acks=[ack], receipts=[], credits=BATCH_MAX)


class Stop(threading.Event):
    """A stop that notes how long one thread would wait, and waits not at all.

    The others wait until it is set; a thread that died must not keep them for ever.
    """

    def __init__(self, after: int, thread: str = "MainThread") -> None:
        super().__init__()
        self.waits: list[float] = []
        self._after, self._thread = after, thread

    def wait(self, timeout: float | None = None) -> bool:
        if threading.current_thread().name != self._thread:
            if not super().wait(PATIENCE_S):
                self.set()
            return True
        self.waits.append(timeout or 0.0)
        if len(self.waits) >= self._after:
            self.set()
        return self.is_set()
