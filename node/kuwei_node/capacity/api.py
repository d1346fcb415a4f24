"""The gate in front of the payment interface, before a thread is spent.

A place is short of supply, so a caller who holds one must hand in a whole request
soon: what is too large or trickles in is refused, and the place is free again.
"""

from __future__ import annotations

import asyncio
from functools import partial

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
            await self.capacity.enter()
        except KuweiError as error:
            await errors.refusal(Request(scope), error)(scope, receive, send)
            return
        try:
            await self._admit(scope, receive, send)
        finally:
            self.capacity.leave()

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self.capacity.limits.body_wait_s):
                body = await self._body(receive)
        except TimeoutError:
            refusal = errors.refusal(Request(scope), self.capacity.trickled())
            await refusal(scope, receive, send)
        except KuweiError as error:
            await errors.refusal(Request(scope), error)(scope, receive, send)
        else:
            parts: list[Message] = [{"type": "http.request", "body": body}]
            await self.app(scope, partial(_replay, parts, receive), send)

    async def _body(self, receive: Receive) -> bytes:
        body = bytearray()
        while (part := await receive())["type"] == "http.request":
            body += part.get("body", b"")
            self.capacity.require_small(len(body))
            if not part.get("more_body", False):
                break
        return bytes(body)


async def _replay(parts: list[Message], receive: Receive) -> Message:
    return parts.pop() if parts else await receive()
