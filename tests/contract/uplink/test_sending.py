"""The node's side of sending, before a hub that answers as a test says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from uplink_lab import AWAY, Post, told

from kuwei_node.uplink.adapters.identity import IdentityFolder
from kuwei_node.uplink.domain import (
    RETAIN,
    LinkState,
    Submitted,
)
from kuwei_node.uplink.service.standing import MESSAGE_MAX
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.wire.ingest import BATCH_BYTES_MAX, Ack, AckStatus

pytestmark = pytest.mark.integration


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


def test_an_answer_without_progress_waits_for_the_next_round(post: Post) -> None:
    post.write(3)
    post.line.greet()
    post.hub.answers = [told(AckStatus.DUPLICATE)]

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
    post.line.pulse()

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
        ("node.denied", Kind.DENIED, LinkState.SUSPENDED),
        ("node.unknown", Kind.MISSING, LinkState.REFUSED),
        ("receipt.mismatch", Kind.CONFLICT, LinkState.FORKED),
        ("session.epoch_stale", Kind.DENIED, LinkState.FORKED),
        ("uplink.fault", Kind.UNAVAILABLE, LinkState.FAULTY),
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


def test_every_heartbeat_that_is_answered_counts_as_contact(post: Post) -> None:
    post.line.greet()
    post.clock.advance(dt.timedelta(hours=3))

    post.line.pulse()

    assert post.status().heard_at == post.clock.now()
    assert post.status().state == LinkState.CONNECTED


def test_a_heartbeat_tells_what_the_hub_has_not_receipted(post: Post) -> None:
    post.write(3)
    post.line.greet()
    post.line.pulse()
    post.line.send()
    post.write(1)

    post.line.pulse()

    assert post.hub.depths == [3, 1]


def test_what_was_heard_is_not_asked_for_again(post: Post) -> None:
    post.line.listen(10)

    post.line.listen(10)

    assert post.hub.known == [{}, {"catalogue": 1}]


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


@pytest.mark.parametrize(("asked_ms", "wait_s"), [(30_000, 30), (None, 3)])
def test_a_stream_put_off_goes_on_when_its_own_pause_is_over(
    post: Post, asked_ms: int | None, wait_s: int
) -> None:
    post.write(1, "assess")
    post.write(1, "stats")
    post.line.greet()
    later = told(AckStatus.RETRY, stream="assess", retry_after_ms=asked_ms)
    post.hub.answers = [later]
    sent = [post.line.send()]
    post.clock.advance(dt.timedelta(seconds=wait_s - 1))
    sent.append(post.line.send())
    post.clock.advance(dt.timedelta(seconds=1))

    sent.append(post.line.send())

    assert sent == [1, 0, 1]
    assert post.hub.applied == {"stats": 1, "assess": 1}


def test_before_enrolment_a_node_is_nobody_and_says_what_to_do(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = IdentityFolder(tmp_path_factory.mktemp("identity") / "none")

    assert code_of(folder.read) == "identity.missing"
    assert code_of(folder.signing_key) == "identity.missing"
    assert not folder.is_enrolled
