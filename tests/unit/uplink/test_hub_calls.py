"""The node's calls to the hub: each has a deadline, and refusals keep their type."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from pace import PATIENCE_S

from kuwei.v1 import ingest_pb2, ingest_pb2_grpc, session_pb2, session_pb2_grpc
from kuwei_node.uplink.adapters import hub as adapter
from kuwei_node.uplink.adapters.hub import GrpcHub
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rpc.errors import STATUS, TRAILER, encode

CALLS: dict[str, Callable[[GrpcHub], object]] = {
    "Hello": lambda hub: hub.hello(3, {"stats": 7}),
    "Heartbeat": lambda hub: hub.heartbeat(5),
    "WaitForWork": lambda hub: hub.wait({"catalogue": 4}, 2_000),
    "SubmitBatch": lambda hub: hub.submit([]),
}
LIMITS = {"Hello": 10.0, "Heartbeat": 5.0, "WaitForWork": 12.0, "SubmitBatch": 30.0}
LIMIT_NAMES = ("HELLO_S", "HEARTBEAT_S", "SUBMIT_S", "WAIT_MARGIN_S")
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

    def answer(self, method: str, request: Any, context: Any) -> Any:  # noqa: ANN401  # as above
        self.asked[method] = request
        if self.is_silent:
            given_up = threading.Event()
            if context.add_callback(given_up.set):
                given_up.wait(PATIENCE_S)
        if self.refuses is not None:
            context.set_trailing_metadata(((TRAILER, encode(self.refuses)),))
            context.abort(STATUS[self.refuses.kind], "refused")
        return ANSWERS[method]


class Deadlines(grpc.UnaryUnaryClientInterceptor):
    """Notes how long each call may take, as it leaves the node."""

    def __init__(self) -> None:
        self.given: dict[str, float] = {}

    def intercept_unary_unary(
        self,
        continuation: Callable[..., Any],
        client_call_details: Any,  # noqa: ANN401  # as above
        request: Any,  # noqa: ANN401  # as above
    ) -> Any:  # noqa: ANN401  # as above
        method = client_call_details.method.rpartition("/")[2]
        self.given[method] = client_call_details.timeout
        return continuation(client_call_details, request)


@pytest.fixture
def upstairs() -> Upstairs:
    return Upstairs()


@pytest.fixture
def deadlines() -> Deadlines:
    return Deadlines()


@pytest.fixture
def line(upstairs: Upstairs, deadlines: Deadlines) -> Iterator[grpc.Channel]:
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
        yield grpc.intercept_channel(channel, deadlines)
    server.stop(None).wait()


@pytest.fixture
def hub(line: grpc.Channel, monkeypatch: pytest.MonkeyPatch) -> GrpcHub:
    """Return the line to a hub that may take as long as the machine does."""
    for limit in LIMIT_NAMES:
        monkeypatch.setattr(adapter, limit, PATIENCE_S)
    return GrpcHub(line, SetClock())


@pytest.mark.parametrize("method", CALLS)
def test_every_call_has_a_deadline(
    line: grpc.Channel, deadlines: Deadlines, method: str
) -> None:
    with contextlib.suppress(KuweiError):  # a slow machine may not meet it
        CALLS[method](GrpcHub(line, SetClock()))

    assert deadlines.given == {method: LIMITS[method]}


@pytest.mark.parametrize("method", CALLS)
def test_a_hub_that_says_nothing_is_given_up_and_tried_again_later(
    hub: GrpcHub, upstairs: Upstairs, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in LIMIT_NAMES[:3]:
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


def test_a_heartbeat_says_how_much_waits(hub: GrpcHub, upstairs: Upstairs) -> None:
    hub.heartbeat(5)

    assert upstairs.asked["Heartbeat"].queue_depth == 5


def test_a_hub_that_is_not_there_is_no_error_of_the_node() -> None:
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        hub = GrpcHub(channel, SetClock())

        with pytest.raises(KuweiError, match=r"rpc\.unreachable"):
            hub.heartbeat(0)
