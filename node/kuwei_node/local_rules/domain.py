"""A local rule on its way: what is wanted, why, and what was decided."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from kuwei_node.catalogue.domain import PROPOSAL_STATES, ProposalState

RULE_KEYS = frozenset(
    {
        "basis",
        "dedupe",
        "examples",
        "explain",
        "id",
        "on_error",
        "on_missing",
        "params",
        "requires",
        "review",
        "scope",
        "severity",
        "status",
        "subject",
        "title",
        "trigger",
        "version",
        "warn_type",
        "when",
    }
)
"""What a rule file may say; the published schema holds the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalProposal:
    """A local rule that waits for, or has had, a second person's word.

    Attributes:
        source: the rule file's text; None to end the rule.
    """

    id: int
    rule_id: str
    title: str
    source: str | None
    reason: str
    state: ProposalState
    proposed_by: str
    proposed_at: dt.datetime
    decided_by: str | None = None
    decided_at: dt.datetime | None = None
    note: str = ""

    @property
    def act_title(self) -> str:
        """What is wanted, in Chinese."""
        return "停用" if self.source is None else "启用"

    @property
    def state_title(self) -> str:
        """How it stands, in Chinese."""
        return PROPOSAL_STATES[self.state]
