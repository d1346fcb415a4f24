"""Queries of the hub's table of renewals."""

from __future__ import annotations

from kuwei_hub.identity.models import SessionRenewal
from kuwei_shared.identity.questions import Questions

QUESTIONS = Questions(SessionRenewal)
