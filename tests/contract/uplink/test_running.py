"""The threads of the uplink, before a hub that answers as a test says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import pytest
from sqlalchemy import text
from uplink_lab import AWAY, Post, Stop, told

from kuwei_node.uplink.domain import (
    LinkState,
)
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.wire.ingest import AckStatus

pytestmark = pytest.mark.integration


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


@pytest.mark.parametrize("asked_ms", [30_000, None])
def test_a_stream_that_was_put_off_keeps_no_other_waiting(
    post: Post, asked_ms: int | None
) -> None:
    post.write(1, "assess")
    post.write(1, "stats")
    later = told(AckStatus.RETRY, stream="assess", retry_after_ms=asked_ms)
    post.hub.answers = [later]
    stop = Stop(after=2)

    post.process().run(stop)

    assert stop.waits == [2, 2]
    assert post.hub.applied == {"stats": 1}


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


@contextlib.contextmanager
def without(post: Post, table: str) -> Iterator[None]:
    """Take a table away for a while."""
    with post.work.begin() as session:
        session.execute(text(f"ALTER TABLE {table} RENAME TO away"))
    yield
    with post.work.begin() as session:
        session.execute(text(f"ALTER TABLE away RENAME TO {table}"))


def test_a_sender_whose_statements_are_refused_goes_on_and_says_so(
    post: Post, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = Stop(after=4)

    with without(post, "outbox_stream"):
        post.process().run(stop)

    status = post.status()
    assert stop.waits == [3, 9, 27, 81]
    assert (status.state, status.code) == (LinkState.FAULTY, "uplink.fault")
    said = capsys.readouterr()
    assert "UndefinedTable" in said.out + said.err


def test_a_listener_whose_statement_is_refused_goes_on(post: Post) -> None:
    faults = [broken, broken]
    stop = Stop(after=4, thread="uplink-listen")

    def on_news(news: Mapping[str, int], spread_ms: int) -> None:
        del news, spread_ms
        if faults:
            faults.pop()(post)

    post.process(on_news=on_news).run(stop)

    assert stop.waits == [3, 9, 0, 0]


def test_a_heartbeat_whose_statement_is_refused_beats_on(
    post: Post, capsys: pytest.CaptureFixture[str]
) -> None:
    post.line.greet()
    stop = Stop(after=3, thread="uplink-beat")

    with without(post, "outbox_receipt"):
        post.process().run(stop)

    said = capsys.readouterr()
    assert stop.waits == [60, 60, 60]
    assert "heartbeat_failed" in said.out + said.err
