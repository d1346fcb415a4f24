"""Giving the browser a session that was confirmed while its request was answered.

A refresh token works once: the next one must reach the browser whatever the answer
is, a page, a redirect, a file or a refusal. So it is added as the answer leaves.
"""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kuwei_shared.web.parts import CONFIRMED, WebParts

COOKIE = b"set-cookie"


class KeepSession:
    """Middleware that adds the confirmed session's cookies to an answer."""

    def __init__(self, app: ASGIApp, *, parts: WebParts) -> None:
        self._app = app
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def sent(message: Message) -> None:
            confirmed = scope.get("state", {}).get(CONFIRMED)
            if message["type"] == "http.response.start" and confirmed is not None:
                cookies = Response()
                self._parts.keep(cookies, confirmed)
                _add(message, cookies)
            await send(message)

        await self._app(scope, receive, sent)


def _add(message: Message, cookies: Response) -> None:
    """Add cookies but those the answer sets or drops itself."""
    headers = list(message["headers"])
    own = {_name(value) for key, value in headers if key == COOKIE}
    headers += [
        (key, value)
        for key, value in cookies.raw_headers
        if key == COOKIE and _name(value) not in own
    ]
    message["headers"] = headers


def _name(cookie: bytes) -> bytes:
    return cookie.partition(b"=")[0]
