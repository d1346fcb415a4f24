"""The table of jurisdictions."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from kuwei_shared.db.base import HubTable

CODE = "jurisdiction.mof_div_code"


class JurisdictionRow(HubTable):
    """One jurisdiction."""

    __tablename__ = "jurisdiction"
    __table_args__ = (
        CheckConstraint("mof_div_code ~ '^[0-9]{9}$'", name="nine_digits"),
        CheckConstraint("closed_on IS NULL OR closed_on > opened_on", name="life"),
        CheckConstraint("fiscal_parent <> mof_div_code", name="not_own_parent"),
    )

    mof_div_code: Mapped[str] = mapped_column(String(9), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    level: Mapped[str] = mapped_column(String(10), index=True)
    fiscal_parent: Mapped[str | None] = mapped_column(ForeignKey(CODE), index=True)
    administrative_parent: Mapped[str | None] = mapped_column(ForeignKey(CODE))
    host: Mapped[str | None] = mapped_column(ForeignKey(CODE), index=True)
    opened_on: Mapped[dt.date] = mapped_column(Date)
    closed_on: Mapped[dt.date | None] = mapped_column(Date)
    successor: Mapped[str | None] = mapped_column(ForeignKey(CODE))
