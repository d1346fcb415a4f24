"""What leaves a gRPC server: an answer, our error with its type, or a number."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from grpc import aio
from pace import PATIENCE_S
from prometheus_client import CollectorRegistry

from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rpc.edge import Context, Edge
from kuwei_shared.rpc.errors import raised_here
from kuwei_shared.rpc.metrics import observer

SERVICE = "test.Echo"
FULL = KuweiError(
    "capacity.full",
    "忙,请稍后再来。",
    kind=Kind.LIMITED,
    details={"queue": 7},
    retry_after_s=3,
)


async def _answer(request: bytes, context: Context) -> bytes:
    del context
    if request == b"full":
        raise FULL
    if request == b"bug":
        raise RuntimeError("a secret of the program")
    return request


async def _parts(request: bytes, context: Context) -> AsyncIterator[bytes]:
    for part in (b"one", b"two"):
        yield part
    await _answer(request, context)


async def _both(requests: AsyncIterator[bytes], context: Context) -> None:
    del requests, context


def talk(said: bytes, method: str = "Say") -> tuple[list[bytes], CollectorRegistry]:
    """Call one method of a server behind an edge; return its parts and its figures."""
    figures = CollectorRegistry()

    async def run() -> list[bytes]:
        server = aio.server(interceptors=(Edge(None, observer(figures)),))
        server.add_generic_rpc_handlers((_handlers(),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            return await asyncio.to_thread(_called, port, method, said)
        finally:
            await server.stop(None)

    return asyncio.run(run()), figures


def _handlers() -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "Say": grpc.unary_unary_rpc_method_handler(_answer),
            "Tell": grpc.unary_stream_rpc_method_handler(_parts),
            "Chat": grpc.stream_stream_rpc_method_handler(_both),
        },
    )


def _called(port: int, method: str, said: bytes) -> list[bytes]:
    path = f"/{SERVICE}/{method}"
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, raised_here():
        if method == "Say":
            return [_plain(channel.unary_unary(path))(said, timeout=PATIENCE_S)]
        if method == "Tell":
            return list(_plain(channel.unary_stream(path))(said, timeout=PATIENCE_S))
        return list(
            _plain(channel.stream_stream(path))(iter([said]), timeout=PATIENCE_S)
        )


# Any: without a serializer grpc cannot know that bytes go in and out.
def _plain(call: Any) -> Any:  # noqa: ANN401  # as above
    return call


def counted(figures: CollectorRegistry, method: str, status: str) -> float | None:
    labels = {"method": f"/{SERVICE}/{method}", "status": status}
    return figures.get_sample_value("kuwei_rpc_seconds_count", labels)


@pytest.mark.parametrize(
    ("method", "parts"), [("Say", [b"hello"]), ("Tell", [b"one", b"two"])]
)
def test_an_answer_goes_through_and_is_counted(method: str, parts: list[bytes]) -> None:
    found, figures = talk(b"hello", method)

    assert found == parts
    assert counted(figures, method, "OK") == 1


@pytest.mark.parametrize("method", ["Say", "Tell"])
def test_our_error_arrives_with_its_type_and_its_remedy(method: str) -> None:
    with pytest.raises(KuweiError) as caught:
        talk(b"full", method)

    error = caught.value
    assert (error.code, error.kind) == ("capacity.full", Kind.LIMITED)
    assert (error.message, error.retry_after_s) == ("忙,请稍后再来。", 3)
    assert error.details == {"queue": "7"}


@pytest.mark.parametrize("method", ["Say", "Tell"])
def test_a_bug_leaves_as_a_number_that_stands_in_the_log(
    method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KuweiError) as caught:
        talk(b"bug", method)

    logged = capsys.readouterr()
    assert caught.value.code == "rpc.internal"
    assert "secret" not in str(caught.value)
    assert str(caught.value.details["reference"]) in logged.out + logged.err


def test_streams_both_ways_are_not_served() -> None:
    with pytest.raises(KuweiError) as caught:
        talk(b"hello", "Chat")

    assert caught.value.details["status"] == "UNIMPLEMENTED"
