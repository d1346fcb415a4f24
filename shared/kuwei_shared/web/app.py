"""Putting a web application together from parts and routers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import APIRouter, FastAPI, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy import text
from starlette.exceptions import HTTPException

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.ops.metrics import WebMetrics
from kuwei_shared.web import errors, headers
from kuwei_shared.web.doors import doors
from kuwei_shared.web.keeping import KeepSession
from kuwei_shared.web.parts import WebParts
from kuwei_shared.web.static import PREFIX, StaticFolder

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def create_app(
    parts: WebParts,
    static: StaticFolder,
    routers: Sequence[APIRouter],
    *,
    metrics: WebMetrics,
    threads: int,
    version: str,
) -> FastAPI:
    """Return an application with every guard in place.

    Args:
        parts: what handlers are handed.
        static: browser files.
        routers: the features' pages and API.
        metrics: figures of this application.
        threads: handlers at work at once; not more than database connections.
        version: shown in the API description.
    """

    @asynccontextmanager
    async def bounded(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = threads
        yield
        parts.party.provider.close()

    app = FastAPI(
        title=f"库卫 {parts.system}",
        version=version,
        openapi_url="/v1/openapi.json" if parts.gate else None,
        docs_url=None,
        redoc_url=None,
        lifespan=bounded,
    )
    app.state.parts = parts
    app.state.templates = parts.templates
    app.add_exception_handler(KuweiError, errors.refusal)
    app.add_exception_handler(RequestValidationError, errors.unreadable)
    app.add_exception_handler(HTTPException, errors.routing)
    app.add_middleware(KeepSession, parts=parts)
    app.add_middleware(
        headers.Edge,
        content_policy=headers.policy(login_at=parts.party.provider.issuer),
        metrics=metrics,
        is_production=parts.is_production,
    )
    app.add_route(PREFIX + "{name:path}", static.serve, include_in_schema=False)
    app.include_router(_health(metrics, lambda: _database_answers(parts)))
    for router in routers:
        app.include_router(router)
    app.state.doors = doors(app.routes)
    unknown = {item.path for item in parts.navigation} - set(app.state.doors)
    assert not unknown, f"navigation leads nowhere: {unknown}"
    return app


def _database_answers(parts: WebParts) -> None:
    with parts.unit_of_work.begin() as session:
        session.execute(text("SELECT 1"))


def _health(metrics: WebMetrics, ready: Callable[[], None]) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz")
    def readyz() -> JSONResponse:
        try:
            ready()
        except KuweiError as error:
            return JSONResponse({"status": "unready", "code": error.code}, 503)
        return JSONResponse({"status": "ready"})

    @router.get("/metrics")
    def exposition() -> Response:
        return Response(metrics.exposition(), media_type=PROMETHEUS_TEXT)

    return router
