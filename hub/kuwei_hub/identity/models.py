"""The table of renewals the web processes of a hub share."""

from __future__ import annotations

from kuwei_shared.db.base import HubTable
from kuwei_shared.identity.table import QuestionColumns


class SessionRenewal(QuestionColumns, HubTable):
    """A refresh token being traded, or the answer to it."""
