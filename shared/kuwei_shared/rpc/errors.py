"""KuweiError ↔ gRPC status: the type survives the call.

The server sends the kind as a status and the whole error in the trailer
``kuwei-error-bin``; the client raises the same KuweiError again. A status without
the trailer (proxy, TLS, deadline) becomes ``rpc.*`` with a remedy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import grpc
from google.protobuf.message import DecodeError

from kuwei.v1.error_pb2 import ErrorDetail
from kuwei_shared.kernel.errors import Kind, KuweiError

TRAILER: Final = "kuwei-error-bin"
RETRY_S: Final = 5
TOO_LARGE: Final = "rpc.too_large"

STATUS: Final = {
    Kind.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Kind.DENIED: grpc.StatusCode.PERMISSION_DENIED,
    Kind.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    Kind.MISSING: grpc.StatusCode.NOT_FOUND,
    Kind.CONFLICT: grpc.StatusCode.FAILED_PRECONDITION,
    Kind.LIMITED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Kind.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
}
KIND: Final = {status: kind for kind, status in STATUS.items()}
PASSING: Final = (
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
)


def encode(error: KuweiError) -> bytes:
    """Return the trailer value that carries an error."""
    return ErrorDetail(
        code=error.code,
        kind=error.kind,
        message=error.message,
        details={name: str(value) for name, value in error.details.items()},
        retry_after_s=error.retry_after_s,
    ).SerializeToString()


def decode(trailer: bytes) -> KuweiError:
    """Rebuild an error from its trailer; ``details`` come back as text.

    Raises:
        ValueError: if the trailer is not one of ours.
    """
    try:
        detail = ErrorDetail.FromString(trailer)
    except DecodeError as error:
        raise ValueError(TRAILER) from error
    return KuweiError(
        detail.code,
        detail.message,
        kind=Kind(detail.kind),
        details=dict(detail.details),
        retry_after_s=detail.retry_after_s
        if detail.HasField("retry_after_s")
        else None,
    )


def from_call(error: grpc.RpcError) -> KuweiError:
    """Return the error the other side raised, or one that says what went wrong."""
    if isinstance(error, grpc.Call):
        for name, value in error.trailing_metadata() or ():
            if name == TRAILER and isinstance(value, bytes):
                try:
                    return decode(value)
                except ValueError:
                    break
        if _is_too_large(error):
            return KuweiError(
                TOO_LARGE,
                "报文超出对方的接收上限,重发无用;请联系上级管理员。",
                details={"status": error.code().name},
            )
        return _from_status(error.code())
    return _from_status(grpc.StatusCode.UNKNOWN)


@contextmanager
def raised_here() -> Iterator[None]:
    """Raise what the other side raised, instead of grpc's own error."""
    try:
        yield
    except grpc.RpcError as error:
        raise from_call(error) from error


def _is_too_large(error: grpc.Call) -> bool:
    """Whether gRPC itself refused a message for its size.

    Load shedding has the same status, but carries our trailer and was read before.
    Only the text tells size from what else has it; a test at a real port holds it.
    """
    is_exhausted = error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    return is_exhausted and "larger than max" in (error.details() or "")


def _from_status(status: grpc.StatusCode) -> KuweiError:
    if status in PASSING:
        return KuweiError(
            "rpc.unreachable",
            "上级暂时无法连接,稍后自动重试。",
            kind=Kind.UNAVAILABLE,
            details={"status": status.name},
            retry_after_s=RETRY_S,
        )
    return KuweiError(
        "rpc.failed",
        f"上级返回 {status.name},请联系上级管理员查看日志。",
        kind=KIND.get(status, Kind.UNAVAILABLE),
        details={"status": status.name},
    )
