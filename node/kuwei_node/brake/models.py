"""A tripped rule, until a person puts it back."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, DateTime, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kuwei_shared.db.base import NodeTable


class Trip(NodeTable):
    """One trip of one rule; at most one is open per rule."""

    __tablename__ = "brake_trip"
    __table_args__ = (
        Index(
            "uq_brake_trip_open",
            "rule_id",
            unique=True,
            postgresql_where=text("reset_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    rule_id: Mapped[str]
    release: Mapped[str]
    tripped_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    stopped_count: Mapped[int]
    window_count: Mapped[int]
    reset_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    reset_by: Mapped[str | None]
    reason: Mapped[str | None]
