"""Runs of scheduled rules: claimed, finished, or to be tried again."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, DateTime, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kuwei_shared.db.base import NodeTable


class ScheduledRun(NodeTable):
    """One schedule over one stretch of days.

    Attributes:
        as_of: payment sequence number up to which the ledger was read.
        days_read: day → mark of the rows it was judged by; without any, left out.
        attempt: grows with every claim; a fencing token.
        resting_until: before this moment no attempt follows the one that failed.
        receipts: subject → one entry per rule, the proof of execution.
    """

    __tablename__ = "scheduled_run"
    __table_args__ = (
        Index("uq_scheduled_run", "schedule", "first_day", "last_day", unique=True),
        Index(
            "ix_scheduled_run_open",
            "resting_until",
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    schedule: Mapped[str]
    first_day: Mapped[dt.date]
    last_day: Mapped[dt.date]
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    resting_until: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    as_of: Mapped[int | None] = mapped_column(BigInteger)
    # Any: each a text, as JSON.
    days_read: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    release: Mapped[str | None]
    # Any: lists of receipts as JSON.
    receipts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    failure: Mapped[str | None]
