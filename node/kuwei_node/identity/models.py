"""The table of renewals the web processes of a node share."""

from __future__ import annotations

from kuwei_shared.db.base import NodeTable
from kuwei_shared.identity.table import QuestionColumns


class SessionRenewal(QuestionColumns, NodeTable):
    """A refresh token being traded, or the answer to it."""
