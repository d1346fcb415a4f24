"""The node's side of sending, before a hub that answers as a test says."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import federation_lab
import pytest
from sqlalchemy import Engine, text

from kuwei_node.uplink.adapters.identity import IdentityFolder
from kuwei_node.uplink.domain import (
    RETAIN,
    Backoff,
    HubHello,
    Identity,
    LinkState,
    Submitted,
)
from kuwei_node.uplink.models import UplinkStatus
from kuwei_node.uplink.service.outbox import Message, OutboxService
from kuwei_node.uplink.service.recorder import Recorder
from kuwei_node.uplink.service.standing import MESSAGE_MAX, Standing
from kuwei_node.uplink.tasks import OnNews, Process, Rhythm, Uplink
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.trust import dsse, keys
from kuwei_shared.trust.dsse import Signed
from kuwei_shared.wire import envelope as envelopes
from kuwei_shared.wire.envelope import Envelope, Receipt
from kuwei_shared.wire.ingest import BATCH_BYTES_MAX, BATCH_MAX, Ack, AckStatus

pytestmark = pytest.mark.integration

HUB_KEY, NODE_KEY = keys.new_signing_key(), keys.new_signing_key()
IDENTITY = Identity(
    node_code="450102000",
    identity="spiffe://kuwei/node/450102000",
    epoch=1,
    grpc_address="localhost:1",
    hub_key=keys.public_bytes(HUB_KEY.public_key()),
)
PATIENCE_S = 10
AWAY = KuweiError("rpc.unreachable", "不通。", kind=Kind.UNAVAILABLE)


@dataclass
class PaperHub:
    """Fulfils the Hub port: takes envelopes in order and signs for them.

    Attributes:
        answers: what to say instead, one for each coming batch; None is honest.
    """

    credits: int = BATCH_MAX
    applied: dict[str, int] = field(default_factory=dict)
    batches: list[list[Envelope]] = field(default_factory=list)
    answers: list[Submitted | KuweiError | None] = field(default_factory=list)
    running: dict[str, bytes] = field(default_factory=dict)
    depths: list[int] = field(default_factory=list)
    known: list[dict[str, int]] = field(default_factory=list)
    refuses: KuweiError | None = None

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

    def heartbeat(self, queue_depth: int, catalogue: str | None) -> None:
        del catalogue
        self.depths.append(queue_depth)

    def wait(self, known: Mapping[str, int], wait_ms: int) -> Mapping[str, int]:
        del wait_ms
        self.known.append(dict(known))
        return {"catalogue": len(self.known)}

    def submit(self, batch: Sequence[Signed]) -> Submitted:
        self.batches.append([envelopes.decode(one.payload) for one in batch])
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
            recorder=Recorder(self.outbox, federation_lab.Desk()),
            standing=self.standing,
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
        catalogue: Callable[[], str | None] = lambda: None,
    ) -> Process:
        longest = Backoff(shortest_s=1, longest_s=900, uniform=lambda _, most: most)
        quiet = Backoff(shortest_s=1, longest_s=900, uniform=lambda _, most: most)
        rhythm = Rhythm(send_every_s=2, heartbeat_s=60, wait_ms=100)
        return Process(
            self.line,
            rhythm=rhythm,
            backoffs=(longest, quiet),
            on_news=on_news,
            catalogue=catalogue,
        )


@pytest.fixture
def post(outbox_engine: Engine) -> Post:
    return Post(UnitOfWork(outbox_engine))


def told(status: AckStatus, **fields: object) -> Submitted:
    """Return an answer of one acknowledgement and no receipt."""
    plain: dict[str, object] = {"stream": "stats", "seq": 1, "status": status}
    ack = Ack(**(plain | fields))  # type: ignore[arg-type]  # a test's own fields
    return Submitted(acks=[ack], receipts=[], credits=BATCH_MAX)


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(KuweiError) as caught:
        act()
    return caught.value.code


def test_everything_goes_up_once_and_in_order(post: Post) -> None:
    post.write(7)
    post.line.greet()

    sent, again = post.line.send(), post.line.send()

    assert (sent, again) == (7, 0)
    assert post.hub.numbers == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(("granted", "sizes"), [(3, [3, 3, 1]), (0, [1] * 7)])
def test_no_batch_is_larger_than_the_hub_grants(
    post: Post, granted: int, sizes: list[int]
) -> None:
    post.write(7)
    post.hub.credits = granted
    post.line.greet()

    post.line.send()

    assert post.hub.sizes == sizes


def test_no_batch_is_larger_than_a_message_may_be(post: Post) -> None:
    post.write(5, body=b"x" * (BATCH_BYTES_MAX // 2 - 2_000))
    post.line.greet()

    post.line.send()

    assert post.hub.sizes == [2, 2, 1]


def test_an_envelope_too_large_for_company_goes_alone(post: Post) -> None:
    post.write(1)
    post.write(2, body=b"x" * (BATCH_BYTES_MAX - 1_000))
    post.line.greet()

    post.line.send()

    assert post.hub.numbers == [1, 2, 3]
    assert max(post.hub.sizes) <= 2


def test_what_the_hub_holds_is_not_sent_again(post: Post) -> None:
    post.write(4)
    post.line.greet()
    post.line.send()
    post.write(2)
    restarted = post.dial()
    restarted.greet()
    post.hub.batches.clear()

    restarted.send()

    assert post.hub.numbers == [5, 6]


def test_a_gap_is_filled_from_where_the_hub_says(post: Post) -> None:
    post.write(3)
    post.line.greet()
    post.line.send()
    post.hub.batches.clear()
    post.write(1)
    post.hub.answers = [told(AckStatus.GAP, seq=4, expected_seq=2)]

    post.line.send()
    post.line.send()

    assert post.hub.numbers == [4, 2, 3, 4]


@pytest.mark.parametrize("status", [AckStatus.DUPLICATE, AckStatus.RETRY])
def test_an_answer_without_progress_waits_for_the_next_round(
    post: Post, status: AckStatus
) -> None:
    post.write(3)
    post.line.greet()
    post.hub.answers = [told(status)]

    first, second = post.line.send(), post.line.send()

    assert (first, second) == (0, 3)
    assert post.hub.sizes == [3, 3]


def test_a_conflict_stops_everything_until_a_person_looks(post: Post) -> None:
    post.write(1)
    post.line.greet()
    post.hub.answers = [told(AckStatus.CONFLICT)]

    with pytest.raises(KuweiError) as caught:
        post.line.send()

    assert caught.value.code == "stream.conflict"
    assert post.line.failed(caught.value) is LinkState.FORKED
    assert "已停止上报" in (post.status().message or "")


def test_a_batch_the_hub_cannot_read_is_an_error_with_its_reason(post: Post) -> None:
    post.write(1)
    post.line.greet()
    post.hub.answers = [told(AckStatus.REJECTED, seq=0, code="envelope.malformed")]

    assert code_of(post.line.send) == "envelope.malformed"


def test_one_refused_envelope_does_not_stop_those_behind_it(post: Post) -> None:
    post.write(2)
    post.line.greet()
    refused = told(AckStatus.REJECTED, seq=1, code="statistics.foreign")
    post.hub.answers = [refused]

    post.line.send()
    sent = post.line.send()

    assert sent == 2


def test_a_receipt_over_other_bytes_stops_and_forgets_nothing(post: Post) -> None:
    post.write(2)
    post.line.greet()
    lie = post.hub.receipt("stats", upto_seq=2, running_sha256=bytes(32))
    post.hub.answers = [Submitted(acks=[], receipts=[lie], credits=1)]

    code = code_of(post.line.send)
    post.clock.advance(RETAIN * 2)
    post.line.pulse(None)

    assert code == "receipt.mismatch"
    assert post.left() == 2


def test_an_older_database_sends_nothing(post: Post) -> None:
    post.write(2)
    post.hub.applied = {"stats": 3}

    assert code_of(post.line.greet) == "stream.behind"
    assert not post.line.has_greeted
    assert post.hub.batches == []


def test_streams_do_not_wait_for_each_other(post: Post) -> None:
    post.write(2, "assess")
    post.write(2, "stats")
    post.line.greet()
    post.hub.answers = [told(AckStatus.GAP, stream="assess", expected_seq=1)]

    post.line.send()

    assert post.hub.applied == {"stats": 2}


def test_an_outage_between_two_batches_goes_on_at_the_second(post: Post) -> None:
    post.write(4)
    post.hub.credits = 2
    post.line.greet()
    post.hub.answers = [None, AWAY]

    code = code_of(post.line.send)
    sent = post.line.send()

    assert (code, sent) == ("rpc.unreachable", 2)
    assert post.hub.numbers == [1, 2, 3, 4, 3, 4]


@pytest.mark.parametrize(
    ("code", "kind", "state"),
    [
        ("rpc.unreachable", Kind.UNAVAILABLE, LinkState.UNREACHABLE),
        ("capacity.full", Kind.LIMITED, LinkState.UNREACHABLE),
        ("fleet.suspended", Kind.DENIED, LinkState.REFUSED),
        ("receipt.mismatch", Kind.CONFLICT, LinkState.FORKED),
        ("session.epoch_stale", Kind.DENIED, LinkState.FORKED),
    ],
)
def test_a_failure_says_whether_to_wait_or_to_call(
    post: Post, code: str, kind: Kind, state: LinkState
) -> None:
    post.line.greet()

    found = post.line.failed(KuweiError(code, "因为" * 400, kind=kind))

    status = post.status()
    assert (found, status.state, status.code) == (state, state.value, code)
    assert len(status.message or "") == MESSAGE_MAX
    assert not post.line.has_greeted


def test_the_last_good_word_of_the_hub_is_remembered_through_an_outage(
    post: Post,
) -> None:
    post.line.greet()
    heard = post.status().heard_at
    post.clock.advance(dt.timedelta(hours=3))

    post.line.failed(AWAY)

    assert post.status().heard_at == heard
    assert post.status().changed_at == post.clock.now()


def test_a_heartbeat_tells_what_the_hub_has_not_receipted(post: Post) -> None:
    post.write(3)
    post.line.greet()
    post.line.pulse(None)
    post.line.send()
    post.write(1)

    post.line.pulse("2026.11.1")

    assert post.hub.depths == [3, 1]


def test_what_was_heard_is_not_asked_for_again(post: Post) -> None:
    post.line.listen(10)

    post.line.listen(10)

    assert post.hub.known == [{}, {"catalogue": 1}]


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


@pytest.mark.parametrize(
    ("refuses", "waits"),
    [
        (AWAY, [3, 9, 27, 81]),
        (
            KuweiError("capacity.full", "忙。", kind=Kind.LIMITED, retry_after_s=60),
            [60, 60, 60, 81],
        ),
    ],
)
def test_a_hub_that_refuses_is_asked_less_and_less_often(
    post: Post, refuses: KuweiError, waits: list[float]
) -> None:
    post.hub.refuses = refuses
    stop = Stop(after=4)

    post.process().run(stop)

    assert stop.waits == waits


def test_a_hub_that_answers_again_is_sent_to_at_the_usual_pace(post: Post) -> None:
    post.write(1)
    post.hub.answers = [AWAY, AWAY]
    stop = Stop(after=4)

    post.process().run(stop)

    assert stop.waits == [3, 9, 2, 2]
    assert post.hub.applied == {"stats": 1}


@pytest.mark.parametrize(
    ("asked_ms", "waits"), [(30_000, [30, 2]), (None, [2, 2]), (86_400_000, [900, 2])]
)
def test_a_hub_that_asks_for_patience_is_left_alone_that_long(
    post: Post, asked_ms: int | None, waits: list[float]
) -> None:
    post.write(1)
    post.hub.answers = [told(AckStatus.RETRY, retry_after_ms=asked_ms)]
    stop = Stop(after=2)

    post.process().run(stop)

    assert stop.waits == waits
    assert post.hub.applied == {"stats": 1}


def test_a_hub_that_asks_for_patience_gets_no_second_batch(post: Post) -> None:
    post.write(4)
    post.hub.credits = 2
    post.line.greet()
    later = Ack(stream="stats", seq=2, status=AckStatus.RETRY, retry_after_ms=5_000)
    post.hub.applied, post.hub.running = {"stats": 1}, {"stats": post.hash_of(1)}
    receipts = [post.hub.receipt("stats")]
    post.hub.answers = [Submitted(acks=[later], receipts=receipts, credits=2)]

    sent = post.line.send()

    assert (sent, post.hub.numbers) == (1, [1, 2])
    assert post.line.retry_after_s == 5


def test_a_hub_that_refuses_cannot_put_a_node_off_for_ever(post: Post) -> None:
    post.hub.refuses = KuweiError(
        "capacity.full", "忙。", kind=Kind.LIMITED, retry_after_s=86_400
    )
    stop = Stop(after=1)

    post.process().run(stop)

    assert stop.waits == [900]


def broken(post: Post) -> None:
    """Run a statement the database refuses."""
    with post.work.begin() as session:
        session.execute(text("SELECT 1 / 0"))


@pytest.fixture
def half_migrated(post: Post) -> Iterator[Post]:
    """A node one of whose tables is away, and back after the test."""
    with post.work.begin() as session:
        session.execute(text("ALTER TABLE outbox_stream RENAME TO outbox_stream_away"))
    yield post
    with post.work.begin() as session:
        session.execute(text("ALTER TABLE outbox_stream_away RENAME TO outbox_stream"))


def test_a_sender_whose_statements_are_refused_goes_on_and_says_so(
    half_migrated: Post, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = Stop(after=4)

    half_migrated.process().run(stop)

    status = half_migrated.status()
    assert stop.waits == [3, 9, 27, 81]
    assert (status.state, status.code) == (LinkState.UNREACHABLE, "uplink.fault")
    assert "UndefinedTable" in capsys.readouterr().out


def test_a_listener_whose_statement_is_refused_goes_on(post: Post) -> None:
    faults = [broken, broken]
    stop = Stop(after=4, thread="uplink-listen")

    def on_news(news: Mapping[str, int], spread_ms: int) -> None:
        del news, spread_ms
        if faults:
            faults.pop()(post)

    post.process(on_news=on_news).run(stop)

    assert stop.waits == [3, 9, 0, 0]


def test_a_heartbeat_whose_statement_is_refused_beats_on(post: Post) -> None:
    post.line.greet()
    stop = Stop(after=3, thread="uplink-beat")

    post.process(catalogue=lambda: broken(post)).run(stop)

    assert stop.waits == [60, 60, 60]


def test_before_enrolment_a_node_is_nobody_and_says_what_to_do(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = IdentityFolder(tmp_path_factory.mktemp("identity") / "none")

    assert code_of(folder.read) == "identity.missing"
    assert code_of(folder.signing_key) == "identity.missing"
    assert not folder.is_enrolled
