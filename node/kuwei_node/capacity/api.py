"""The gate in front of the payment interface, before a thread is spent."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from kuwei_node.capacity.service import Capacity
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.web import errors

GATED = "/v1/payments:screen"


class CapacityGate:
    """ASGI middleware that refuses screening requests beyond capacity."""

    def __init__(self, app: ASGIApp, capacity: Capacity) -> None:
        self.app = app
        self.capacity = capacity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or answer it at once."""
        if scope["type"] != "http" or scope["path"] != GATED:
            await self.app(scope, receive, send)
            return
        try:
            self.capacity.enter()
        except KuweiError as error:
            answer = errors.refusal(Request(scope), error)
            await answer(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            self.capacity.leave()
