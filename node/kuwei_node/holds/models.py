"""A payment held until an authorised person decides; the decision is kept."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, DateTime, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kuwei_shared.db.base import NodeTable


class Hold(NodeTable):
    """One held payment and what became of it."""

    __tablename__ = "hold"
    __table_args__ = (
        Index(
            "ix_hold_open",
            "mof_div_code",
            "held_at",
            postgresql_where=text("state = 'held'"),
        ),
    )

    payment_seq: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False
    )
    fiscal_year: Mapped[int]
    mof_div_code: Mapped[str]
    agency_code: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'held'"))
    held_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    decided_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str | None]
    reason: Mapped[str | None]
