"""One alert per rule, subject and window, however many payments hit it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Identity, Index, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kuwei_shared.db.base import NodeTable


class Alert(NodeTable):
    """A rule hit on one subject in one window.

    Attributes:
        subject_key: values that join hits into this alert, e.g. the payment id.
        window_start: first day of the window; the day itself when none.
        first_day: business date of the first hit; figures count the alert there.
        hit_count: 0 once a scheduled run found none of its hits any more.
        operands: the operand values of the latest hit, by vocabulary name.
    """

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "uq_alert_subject",
            "rule_id",
            "mof_div_code",
            "subject_key",
            "window_start",
            unique=True,
        ),
        Index("ix_alert_raised", "mof_div_code", "first_day", "severity"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    rule_id: Mapped[str]
    mof_div_code: Mapped[str]
    subject: Mapped[str]
    subject_key: Mapped[str]
    window_start: Mapped[dt.date]
    first_day: Mapped[dt.date]
    severity: Mapped[str]
    agency_code: Mapped[str | None]
    hit_count: Mapped[int]
    hit_amount: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    first_payment_seq: Mapped[int | None] = mapped_column(BigInteger)
    last_payment_seq: Mapped[int | None] = mapped_column(BigInteger)
    compiled_id: Mapped[int] = mapped_column(BigInteger)
    # Any: operand values have the types of the vocabulary names they are keyed by.
    operands: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    raised_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    last_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))


class AlertDay(NodeTable):
    """What a scheduled rule's alert is summed from: the hits of one day."""

    __tablename__ = "alert_day"
    __table_args__ = (Index("ix_alert_day_covered", "rule_id", "day"),)

    rule_id: Mapped[str] = mapped_column(primary_key=True)
    mof_div_code: Mapped[str] = mapped_column(primary_key=True)
    subject_key: Mapped[str] = mapped_column(primary_key=True)
    window_start: Mapped[dt.date] = mapped_column(primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    agency_code: Mapped[str | None]
    hit_count: Mapped[int]
    hit_amount: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    first_payment_seq: Mapped[int | None] = mapped_column(BigInteger)
    last_payment_seq: Mapped[int | None] = mapped_column(BigInteger)
    # Any: as of Alert.
    operands: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class AlertMove(NodeTable):
    """A day whose number of alerts changed though none was raised on it."""

    __tablename__ = "alert_move"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    mof_div_code: Mapped[str]
    first_day: Mapped[dt.date]
