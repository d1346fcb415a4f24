"""Tables of the inbox and of the figures taken from it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    Numeric,
    String,
    text,
)
from sqlalchemy.orm import Mapped, MappedColumn, mapped_column

from kuwei_shared.db.base import HubTable

MOMENT = DateTime(timezone=True)
NO_STAGE = "-"
"""Stands for "at no stage": a key holds no NULL."""


def _total() -> MappedColumn[Decimal]:
    """Return a column wide enough for any sum of figures."""
    return mapped_column(Numeric(38, 0), server_default=text("0"))


class InboxStream(HubTable):
    """The end of each stream; locked while a batch is taken in."""

    __tablename__ = "inbox_stream"

    mof_div_code: Mapped[str] = mapped_column(String(9), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    stream: Mapped[str] = mapped_column(String(20), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    last_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    running_sha256: Mapped[bytes] = mapped_column(LargeBinary)


class Inbox(HubTable):
    """Every envelope taken in, with its signature; appended only."""

    __tablename__ = "inbox"

    mof_div_code: Mapped[str] = mapped_column(String(9), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    stream: Mapped[str] = mapped_column(String(20), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    message_id: Mapped[bytes] = mapped_column(LargeBinary)
    payload_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    signed: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(10))
    code: Mapped[str | None] = mapped_column(String(60))
    received_at: Mapped[dt.datetime] = mapped_column(MOMENT)


class StatisticDay(HubTable):
    """The revision in force per jurisdiction, day and family, and where it is from."""

    __tablename__ = "statistic_day"
    __table_args__ = (
        ForeignKeyConstraint(
            ["sender_code", "epoch", "stream", "seq"],
            ["inbox.mof_div_code", "inbox.epoch", "inbox.stream", "inbox.seq"],
        ),
    )

    mof_div_code: Mapped[str] = mapped_column(String(9), primary_key=True)
    business_day: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    family: Mapped[str] = mapped_column(String(20), primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(20))
    sender_code: Mapped[str] = mapped_column(String(9))
    epoch: Mapped[int] = mapped_column(BigInteger)
    stream: Mapped[str] = mapped_column(String(20))
    seq: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[dt.datetime] = mapped_column(MOMENT)


class Statistic(HubTable):
    """One absolute figure of the revision in force; amounts in fen."""

    __tablename__ = "statistic"
    __table_args__ = (
        Index("ix_statistic_place", "mof_div_code", "business_day", "family"),
        Index("ix_statistic_measure", "measure", "business_day"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    mof_div_code: Mapped[str] = mapped_column(String(9))
    business_day: Mapped[dt.date] = mapped_column(Date)
    family: Mapped[str] = mapped_column(String(20))
    measure: Mapped[str] = mapped_column(String(20))
    stage: Mapped[str | None] = mapped_column(String(10))
    rule_id: Mapped[str | None] = mapped_column(String(40))
    rule_version: Mapped[int | None]
    release_id: Mapped[str | None] = mapped_column(String(80))
    value: Mapped[int] = mapped_column(BigInteger)


class StatisticSum(HubTable):
    """What the figures in force come to, kept with them; amounts in fen (ADR 21)."""

    __tablename__ = "statistic_sum"

    span: Mapped[str] = mapped_column(String(5), primary_key=True)
    since: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    mof_div_code: Mapped[str] = mapped_column(String(9), primary_key=True)
    stage: Mapped[str] = mapped_column(String(10), primary_key=True)
    payments: Mapped[Decimal] = _total()
    amount_fen: Mapped[Decimal] = _total()
    paid_fen: Mapped[Decimal] = _total()
    screened: Mapped[Decimal] = _total()
    held: Mapped[Decimal] = _total()
    rejected: Mapped[Decimal] = _total()
    undetermined: Mapped[Decimal] = _total()
    errors: Mapped[Decimal] = _total()
    alerts: Mapped[Decimal] = _total()


class StatisticRuleSum(HubTable):
    """How often a rule hit, and alerted, kept with the figures in force (ADR 21)."""

    __tablename__ = "statistic_rule_sum"
    __table_args__ = (Index("ix_statistic_rule_sum_rule", "rule_id", "span", "since"),)

    span: Mapped[str] = mapped_column(String(5), primary_key=True)
    since: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    mof_div_code: Mapped[str] = mapped_column(String(9), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    hits: Mapped[Decimal] = _total()
    alerts: Mapped[Decimal] = _total()
