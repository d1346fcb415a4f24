"""Queries of the node's table of renewals."""

from __future__ import annotations

from kuwei_node.identity.models import SessionRenewal
from kuwei_shared.identity.questions import Questions

QUESTIONS = Questions(SessionRenewal)
