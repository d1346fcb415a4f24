"""The auditor's page."""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi import APIRouter

from kuwei_node.audit.service import Audit
from kuwei_shared.web import auditing
from kuwei_shared.web.guards import at_home

NUMBERED = re.compile(r"(支付|导入) (\d{1,18})")
RULE = re.compile(r"[A-Z][A-Z0-9]*-?[A-Z0-9]+")
PLACES = {"支付": "/payments", "导入": "/imports"}


def leads(about: str) -> str | None:
    """Return the page of what an act was about."""
    numbered = NUMBERED.fullmatch(about)
    if numbered is not None:
        return f"{PLACES[numbered[1]]}/{numbered[2]}"
    return f"/rules/{about}" if RULE.fullmatch(about) else None


def routes(audit: Audit, home: Callable[[], str]) -> APIRouter:
    """Return the pages of the audit log, for this bureau's own auditors."""
    router = APIRouter(dependencies=[at_home(home)])
    router.include_router(auditing.routes(audit.ledger, leads))
    return router
