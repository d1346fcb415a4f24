"""The one interceptor of a server: admit, run, time, translate errors.

Order matters: a caller is admitted before its request is looked at, and again before
anything is handed out, for it may be denied meanwhile. Whatever is raised leaves as a
status with a trailer, never as a stack trace. Cancellation is passed on (swallowing
it leaks memory in grpc.aio, grpc#43360).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn, Protocol

import grpc
import structlog
from grpc import aio

from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rpc.errors import STATUS, TRAILER, encode
from kuwei_shared.rpc.peers import Guard

# grpc hands handlers, requests and contexts over without types.
Handler = Any
Context = Any
Message = Any
Lookup = Callable[[grpc.HandlerCallDetails], Awaitable[Handler]]

log = structlog.get_logger(__name__)


class Observer(Protocol):
    """Learns how each call went."""

    def __call__(self, method: str, status: str, seconds: float) -> None:
        """Take note of one finished call."""
        ...


def unobserved(method: str, status: str, seconds: float) -> None:
    """Take no note."""
    del method, status, seconds


class Edge(aio.ServerInterceptor):
    """Stands before every method of a server.

    Attributes:
        guard: admits callers; None only on the enrolment port, where callers have
            no certificate yet.
    """

    def __init__(self, guard: Guard | None, observe: Observer = unobserved) -> None:
        self.guard = guard
        self.observe = observe

    async def intercept_service(
        self, continuation: Lookup, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler:
        """Return the method's handler with this edge around it."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        method = handler_call_details.method
        if handler.request_streaming and handler.response_streaming:
            # wire.md (a): bidirectional streams are not used; see grpc's own guide.
            return None
        if handler.response_streaming:
            wrap, inner = grpc.unary_stream_rpc_method_handler, handler.unary_stream
            call = self._streaming(method, inner)
        elif handler.request_streaming:
            wrap, inner = grpc.stream_unary_rpc_method_handler, handler.stream_unary
            call = self._answering(method, inner)
        else:
            wrap, inner = grpc.unary_unary_rpc_method_handler, handler.unary_unary
            call = self._answering(method, inner)
        return wrap(
            call,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _answering(self, method: str, inner: Handler) -> Handler:
        async def call(request: Message, context: Context) -> Message:
            async with self._around(method, context):
                answer = await inner(request, context)
                self._check_again()
                return answer

        return call

    def _streaming(self, method: str, inner: Handler) -> Handler:
        async def call(request: Message, context: Context) -> AsyncIterator[Message]:
            async with self._around(method, context):
                async for part in inner(request, context):
                    self._check_again()
                    yield part

        return call

    def _check_again(self) -> None:
        if self.guard is not None:
            self.guard.admit_still()

    @asynccontextmanager
    async def _around(self, method: str, context: Context) -> AsyncIterator[None]:
        start, status = time.perf_counter(), "OK"
        try:
            if self.guard is not None:
                self.guard.admit(context)
            yield
        except KuweiError as error:
            status = STATUS[error.kind].name
            await _refuse(context, STATUS[error.kind], error)
        except aio.AbortError:
            status = "ABORTED"
            raise
        except Exception as error:  # noqa: BLE001  # the edge: a bug leaves as a number
            status = grpc.StatusCode.INTERNAL.name
            await _fail(context, method, error)
        finally:
            self.observe(method, status, time.perf_counter() - start)


async def _refuse(
    context: Context, status: grpc.StatusCode, error: KuweiError
) -> NoReturn:
    await context.abort(status, error.code, ((TRAILER, encode(error)),))
    raise AssertionError  # abort always raises


async def _fail(context: Context, method: str, error: Exception) -> NoReturn:
    reference = f"{time.monotonic_ns():x}"
    log.error("rpc_failed", method=method, reference=reference, exc_info=error)
    shown = KuweiError(
        "rpc.internal",
        f"上级内部错误,请将编号 {reference} 告知上级管理员。",
        kind=Kind.UNAVAILABLE,
        details={"reference": reference},
    )
    await _refuse(context, grpc.StatusCode.INTERNAL, shown)
