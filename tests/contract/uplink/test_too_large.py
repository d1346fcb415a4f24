"""A message no hub takes is not sent for ever, and does not hold the others up."""

from __future__ import annotations

import pytest
from uplink_lab import Post

from kuwei_node.uplink.domain import LinkState
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.wire.ingest import ENVELOPE_BYTES_MAX

pytestmark = pytest.mark.integration
LARGE = b"x" * 20_000
ROUNDS = 5


def test_a_message_too_large_is_sent_once_and_shown_as_a_fault(post: Post) -> None:
    post.write(2)
    post.write(1, body=LARGE)
    post.write(1)
    post.hub.bytes_max = 10_000
    post.line.greet()

    sent = [post.line.send() for _ in range(ROUNDS)]

    status = post.status()
    assert sent == [2, 0, 0, 0, 0]
    assert post.hub.numbers.count(3) == 3, "in a batch of four, of two, and alone"
    assert (status.state, status.code) == (LinkState.FAULTY, "stream.too_large")
    assert "报文流 stats 第 3 号" in str(status.message)


def test_the_other_streams_go_on(post: Post) -> None:
    post.write(1, stream="assess", body=LARGE)
    post.write(2, stream="stats")
    post.hub.bytes_max = 10_000
    post.line.greet()

    first = post.line.send()
    post.write(1, stream="stats")

    assert (first, post.line.send()) == (2, 1)
    assert post.hub.applied == {"stats": 3}
    assert post.status().state == LinkState.FAULTY


def test_a_batch_too_large_together_goes_up_in_parts(post: Post) -> None:
    post.write(8, body=b"x" * 3_000)
    post.hub.bytes_max = 10_000
    post.line.greet()

    sent = post.line.send()

    assert sent == 8
    assert post.hub.sizes == [8, 4, 2, 2, 2, 2]
    assert post.status().state == LinkState.CONNECTED


def test_a_hub_that_takes_more_is_tried_again_in_the_next_session(post: Post) -> None:
    post.write(3, body=LARGE)
    post.hub.bytes_max = 10_000
    post.line.greet()
    post.line.send()
    post.hub.bytes_max = None

    without = post.line.send()
    post.line.greet()

    assert (without, post.line.send()) == (0, 3)
    assert post.status().state == LinkState.CONNECTED


def test_no_message_larger_than_a_hub_takes_gets_a_number(post: Post) -> None:
    with pytest.raises(KuweiError, match=r"envelope\.too_large"):
        post.write(1, body=b"x" * ENVELOPE_BYTES_MAX)

    post.write(1)
    post.line.greet()
    assert post.line.send() == 1
