"""The auditor's page."""

from __future__ import annotations

from fastapi import APIRouter

from kuwei_hub.audit.service import Audit
from kuwei_shared.web import auditing


def routes(audit: Audit) -> APIRouter:
    """Return the pages of the audit log."""
    return auditing.routes(audit.ledger)
