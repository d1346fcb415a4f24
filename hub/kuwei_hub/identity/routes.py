"""The addresses of signing in and out."""

from __future__ import annotations

from fastapi import APIRouter

from kuwei_shared.web import login


def routes() -> APIRouter:
    """Return the login, callback and logout addresses."""
    return login.routes()
