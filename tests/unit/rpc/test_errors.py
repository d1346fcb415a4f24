"""An error keeps its type across a call, also where only a bare status arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from pace import PATIENCE_S

from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rpc.errors import (
    KIND,
    STATUS,
    TRAILER,
    decode,
    encode,
    from_call,
    raised_here,
)

Ending = tuple[grpc.StatusCode, bytes | None]


@pytest.fixture
def ended() -> Iterator[Callable[[Ending], KuweiError]]:
    """Call a server that ends every call so; return what is raised for it."""
    endings: list[Ending] = []

    # Any: grpc's requests and contexts are untyped.
    def end(request: bytes, context: Any) -> bytes:  # noqa: ANN401  # as above
        status, trailer = endings[0]
        if trailer is not None:
            context.set_trailing_metadata(((TRAILER, trailer),))
        context.abort(status, "as told")
        return request

    # Any: as above.
    handlers: dict[str, Any] = {"End": grpc.unary_unary_rpc_method_handler(end)}
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("test.End", handlers),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()

    def call(ending: Ending) -> KuweiError:
        endings[:] = [ending]
        calls: Any = channel.unary_unary("/test.End/End")  # Any: takes plain bytes
        with pytest.raises(KuweiError) as caught, raised_here():
            calls(b"", timeout=PATIENCE_S)
        return caught.value

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield call
    server.stop(None).wait()


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_survives_the_call(kind: Kind) -> None:
    sent = KuweiError("some.code", "说明。", kind=kind, details={"n": 3})

    found = decode(encode(sent))

    assert (found.code, found.kind, found.message) == ("some.code", kind, "说明。")
    assert found.details == {"n": "3"}
    assert found.retry_after_s is None


def test_no_two_kinds_share_a_status() -> None:
    assert len(KIND) == len(STATUS) == len(Kind)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (grpc.StatusCode.DEADLINE_EXCEEDED, "rpc.unreachable", Kind.UNAVAILABLE),
        (grpc.StatusCode.UNAVAILABLE, "rpc.unreachable", Kind.UNAVAILABLE),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "rpc.unreachable", Kind.UNAVAILABLE),
        (grpc.StatusCode.UNAUTHENTICATED, "rpc.failed", Kind.UNAUTHENTICATED),
        (grpc.StatusCode.PERMISSION_DENIED, "rpc.failed", Kind.DENIED),
        (grpc.StatusCode.INTERNAL, "rpc.failed", Kind.UNAVAILABLE),
        (grpc.StatusCode.UNIMPLEMENTED, "rpc.failed", Kind.UNAVAILABLE),
    ],
)
def test_a_bare_status_says_what_to_do(
    ended: Callable[[Ending], KuweiError],
    status: grpc.StatusCode,
    code: str,
    kind: Kind,
) -> None:
    found = ended((status, None))

    assert (found.code, found.kind) == (code, kind)
    assert found.details["status"] == status.name
    assert (found.retry_after_s is None) == (code == "rpc.failed")


@pytest.mark.parametrize(
    "trailer",
    [
        b"\xff\xff",
        encode(KuweiError("a.b", "。")).replace(b"invalid", b"unheard"),
    ],
)
def test_a_trailer_that_is_not_ours_is_passed_over(
    ended: Callable[[Ending], KuweiError], trailer: bytes
) -> None:
    found = ended((grpc.StatusCode.NOT_FOUND, trailer))

    assert (found.code, found.kind) == ("rpc.failed", Kind.MISSING)


def test_an_error_without_a_status_is_still_an_error_of_ours() -> None:
    found = from_call(grpc.RpcError())

    assert found.code == "rpc.failed"
    assert found.details["status"] == "UNKNOWN"
