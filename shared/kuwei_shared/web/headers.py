"""Security headers on every answer, and the outermost edge of a request.

No inline script or style is allowed anywhere, so an injected one is inert
(CSP Level 3). Pages are never cached by shared machines: treasury halls have
those.
"""

from __future__ import annotations

import secrets
import time
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kuwei_shared.ops.metrics import WebMetrics
from kuwei_shared.web import errors

REFERENCE_BYTES = 6

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HSTS = "max-age=31536000; includeSubDomains"


def policy(*, login_at: str) -> str:
    """Return the content security policy.

    Args:
        login_at: the OpenID provider's address; signing out posts a form that
            redirects there, and browsers apply ``form-action`` to redirects.
    """
    parts = urlsplit(login_at)
    return "; ".join(
        (
            "default-src 'self'",
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            f"form-action 'self' {parts.scheme}://{parts.netloc}",
        )
    )


class Edge:
    """Outermost middleware: headers, figures, and the last catch for bugs."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        content_policy: str,
        metrics: WebMetrics,
        is_production: bool,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._headers = _FIXED | {"Content-Security-Policy": content_policy}
        if is_production:
            self._headers["Strict-Transport-Security"] = HSTS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, self._headers)
        started = time.perf_counter()
        try:
            await self._app(scope, receive, answer.send)
        except Exception:  # the edge: a bug becomes a reference, logged once
            if answer.status:
                raise
            reference = secrets.token_hex(REFERENCE_BYTES)
            structlog.get_logger().exception("web.bug", reference=reference)
            page = errors.bug(Request(scope), reference)
            await page(scope, receive, answer.send)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.observe(
                method=scope["method"],
                route=route,
                status=answer.status,
                seconds=time.perf_counter() - started,
            )


class _Answer:
    """Adds headers to the start of an answer and remembers its status."""

    def __init__(self, send: Send, headers: dict[str, str]) -> None:
        self._send = send
        self._headers = headers
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        await self._send(message)
