"""Tables of what a bureau wants of its own rules."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kuwei_shared.db.base import NodeTable

MOMENT = DateTime(timezone=True)


class LocalRuleProposal(NodeTable):
    """A local rule one person wants in force, or ended, and another decides on.

    Attributes:
        source: the rule file's text; null to end the rule.
        state: ``waiting`` | ``approved`` | ``refused``.
    """

    __tablename__ = "local_rule_proposal"
    __table_args__ = (
        CheckConstraint("proposed_by <> decided_by", name="two_persons"),
        Index(
            "uq_local_rule_proposal_waiting",
            "rule_id",
            unique=True,
            postgresql_where="state = 'waiting'",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    proposed_by: Mapped[str] = mapped_column(String(60))
    proposed_at: Mapped[dt.datetime] = mapped_column(MOMENT)
    decided_by: Mapped[str | None] = mapped_column(String(60))
    decided_at: Mapped[dt.datetime | None] = mapped_column(MOMENT)
    note: Mapped[str] = mapped_column(Text)
