"""Tables of the standard catalogue."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kuwei_shared.db.base import HubTable

MOMENT = DateTime(timezone=True)


class RuleDraft(HubTable):
    """A rule text handed in, reviewed by another person, and released."""

    __tablename__ = "rule_draft"
    __table_args__ = (
        CheckConstraint("reviewer <> author", name="two_persons"),
        Index(
            "uq_rule_draft_waiting",
            "rule_id",
            unique=True,
            postgresql_where="state IN ('in_review', 'approved')",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(40))
    family: Mapped[str] = mapped_column(String(40))
    source: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    author: Mapped[str] = mapped_column(String(60))
    evidence: Mapped[str] = mapped_column(Text)
    reviewer: Mapped[str | None] = mapped_column(String(60))
    note: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(MOMENT)
    reviewed_at: Mapped[dt.datetime | None] = mapped_column(MOMENT)
    released_serial: Mapped[int | None] = mapped_column(ForeignKey("release.serial"))


class CatalogueRule(HubTable):
    """A rule as a release holds it; for browsing, never for screening."""

    __tablename__ = "catalogue_rule"

    serial: Mapped[int] = mapped_column(
        ForeignKey("release.serial"), primary_key=True, autoincrement=False
    )
    rule_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    family: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(16))
    severity: Mapped[str] = mapped_column(String(16))
    warn_type: Mapped[str] = mapped_column(String(16))
    trigger: Mapped[str] = mapped_column(String(60))
    basis: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
