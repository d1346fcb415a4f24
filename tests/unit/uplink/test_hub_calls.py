"""The node's calls to the hub: each has a deadline, and refusals keep their type."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from kuwei.v1 import ingest_pb2, ingest_pb2_grpc, session_pb2, session_pb2_grpc
from kuwei_node.uplink.adapters import hub as adapter
from kuwei_node.uplink.adapters.hub import GrpcHub
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rpc.errors import STATUS, TRAILER, encode

CALLS: dict[str, Callable[[GrpcHub], object]] = {
    "Hello": lambda hub: hub.hello(3, {"stats": 7}),
    "Heartbeat": lambda hub: hub.heartbeat(5, "2026.1.1"),
    "WaitForWork": lambda hub: hub.wait({"catalogue": 4}, 2_000),
    "SubmitBatch": lambda hub: hub.submit([]),
}
LIMITS = {"Hello": 10.0, "Heartbeat": 5.0, "WaitForWork": 12.0, "SubmitBatch": 30.0}
ANSWERS = {
    "Hello": session_pb2.HelloResponse(epoch=3, clock_ms=1_767_574_800_000 - 250),
    "Heartbeat": session_pb2.HeartbeatResponse(),
    "WaitForWork": session_pb2.WaitForWorkResponse(
        news=[session_pb2.Bulletin(topic="catalogue", version=5)]
    ),
    "SubmitBatch": ingest_pb2.SubmitBatchResponse(credits=9),
}


# Any: grpc's requests and contexts are untyped.
@dataclass
class Upstairs:
    """A hub that notes what it is asked, and answers, refuses or says nothing."""

    refuses: KuweiError | None = None
    is_silent: bool = False
    asked: dict[str, Any] = field(default_factory=dict)
    remaining: dict[str, float] = field(default_factory=dict)

    def answer(self, method: str, request: Any, context: Any) -> Any:  # noqa: ANN401  # as above
        self.asked[method] = request
        self.remaining[method] = context.time_remaining()
        if self.is_silent:
            given_up = threading.Event()
            if context.add_callback(given_up.set):
                given_up.wait(10)
        if self.refuses is not None:
            context.set_trailing_metadata(((TRAILER, encode(self.refuses)),))
            context.abort(STATUS[self.refuses.kind], "refused")
        return ANSWERS[method]


@pytest.fixture
def upstairs() -> Upstairs:
    return Upstairs()


@pytest.fixture
def hub(upstairs: Upstairs) -> Iterator[GrpcHub]:
    def served(base: type, *methods: str) -> Any:  # noqa: ANN401  # generated class
        def serve(method: str) -> Any:  # noqa: ANN401  # as above
            return lambda _, request, context: upstairs.answer(method, request, context)

        return type("Served", (base,), {name: serve(name) for name in methods})()

    server = grpc.server(ThreadPoolExecutor(2))
    session = served(
        session_pb2_grpc.SessionServiceServicer, "Hello", "Heartbeat", "WaitForWork"
    )
    ingest = served(ingest_pb2_grpc.IngestServiceServicer, "SubmitBatch")
    session_pb2_grpc.add_SessionServiceServicer_to_server(session, server)
    ingest_pb2_grpc.add_IngestServiceServicer_to_server(ingest, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield GrpcHub(channel, SetClock())
    server.stop(None).wait()


@pytest.mark.parametrize("method", CALLS)
def test_every_call_has_a_deadline(
    hub: GrpcHub, upstairs: Upstairs, method: str
) -> None:
    CALLS[method](hub)

    # Deadlines travel as rounded time-outs.
    assert LIMITS[method] / 2 < upstairs.remaining[method] < LIMITS[method] + 1


@pytest.mark.parametrize("method", CALLS)
def test_a_hub_that_says_nothing_is_given_up_and_tried_again_later(
    hub: GrpcHub, upstairs: Upstairs, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("HELLO_S", "HEARTBEAT_S", "SUBMIT_S"):
        monkeypatch.setattr(adapter, limit, 0.1)
    monkeypatch.setattr(adapter, "WAIT_MARGIN_S", -1.9)
    upstairs.is_silent = True

    with pytest.raises(KuweiError) as caught:
        CALLS[method](hub)

    assert (caught.value.code, caught.value.kind) == (
        "rpc.unreachable",
        Kind.UNAVAILABLE,
    )
    assert caught.value.details["status"] == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("kind", [Kind.DENIED, Kind.LIMITED, Kind.CONFLICT])
def test_a_refusal_keeps_code_words_and_patience(
    hub: GrpcHub, upstairs: Upstairs, method: str, kind: Kind
) -> None:
    upstairs.refuses = KuweiError(
        "fleet.revoked", "已吊销。", kind=kind, retry_after_s=7
    )

    with pytest.raises(KuweiError) as caught:
        CALLS[method](hub)

    error = caught.value
    assert (error.code, error.kind) == ("fleet.revoked", kind)
    assert (error.message, error.retry_after_s) == ("已吊销。", 7)


def test_a_greeting_tells_where_the_node_stands_and_learns_the_skew(
    hub: GrpcHub, upstairs: Upstairs
) -> None:
    hello = hub.hello(3, {"stats": 7})

    asked = upstairs.asked["Hello"]
    assert (asked.epoch, asked.streams[0].stream, asked.streams[0].seq) == (
        3,
        "stats",
        7,
    )
    assert asked.protocol_min == asked.protocol_max
    assert hello.clock_skew_ms == 250


def test_news_come_back_by_topic(hub: GrpcHub, upstairs: Upstairs) -> None:
    news = hub.wait({"catalogue": 4}, 2_000)

    assert news == {"catalogue": 5}
    assert upstairs.asked["WaitForWork"].known[0].version == 4


@pytest.mark.parametrize("catalogue", ["2026.1.1", None])
def test_a_heartbeat_says_how_much_waits_and_what_is_in_force(
    hub: GrpcHub, upstairs: Upstairs, catalogue: str | None
) -> None:
    hub.heartbeat(5, catalogue)

    asked = upstairs.asked["Heartbeat"]
    assert asked.queue_depth == 5
    assert (asked.catalogue if asked.HasField("catalogue") else None) == catalogue


def test_a_hub_that_is_not_there_is_no_error_of_the_node() -> None:
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        hub = GrpcHub(channel, SetClock())

        with pytest.raises(KuweiError, match=r"rpc\.unreachable"):
            hub.heartbeat(0, None)
