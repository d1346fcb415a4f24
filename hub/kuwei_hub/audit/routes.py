"""The auditor's page."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter

from kuwei_hub.audit.service import Audit
from kuwei_shared.web import auditing
from kuwei_shared.web.guards import at_home


def routes(audit: Audit, home: Callable[[], str]) -> APIRouter:
    """Return the pages of the audit log, for the province's own auditors."""
    router = APIRouter(dependencies=[at_home(home)])
    router.include_router(auditing.routes(audit.ledger))
    return router
