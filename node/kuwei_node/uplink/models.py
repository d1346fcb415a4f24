"""Tables of the outbox and of the figures put into it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Date, DateTime, Identity, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from kuwei_shared.db.base import NodeTable

MOMENT = DateTime(timezone=True)


class OutboxStream(NodeTable):
    """The end of each stream; its row lock makes numbers gap-free, in commit order."""

    __tablename__ = "outbox_stream"

    stream: Mapped[str] = mapped_column(String(20), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    last_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    running_sha256: Mapped[bytes] = mapped_column(LargeBinary)


class Outbox(NodeTable):
    """Envelopes until the hub has receipted them, and thirty days longer."""

    __tablename__ = "outbox"

    stream: Mapped[str] = mapped_column(String(20), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    running_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_at: Mapped[dt.datetime] = mapped_column(MOMENT)


class OutboxReceipt(NodeTable):
    """The hub's latest word on each stream."""

    __tablename__ = "outbox_receipt"

    stream: Mapped[str] = mapped_column(String(20), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    upto_seq: Mapped[int] = mapped_column(BigInteger)
    signed: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[dt.datetime] = mapped_column(MOMENT)


class StatisticTouch(NodeTable):
    """A note that a day's figures may have changed; many writers, one reader."""

    __tablename__ = "statistic_touch"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    mof_div_code: Mapped[str] = mapped_column(String(9))
    business_day: Mapped[dt.date] = mapped_column(Date)


class StatisticRevision(NodeTable):
    """The latest revision recorded per jurisdiction, day and family."""

    __tablename__ = "statistic_revision"

    mof_div_code: Mapped[str] = mapped_column(String(9), primary_key=True)
    business_day: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    family: Mapped[str] = mapped_column(String(20), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger)
    revision: Mapped[int] = mapped_column(BigInteger)
    content_sha256: Mapped[bytes] = mapped_column(LargeBinary)


class StatisticMark(NodeTable):
    """How far each source of figures was counted."""

    __tablename__ = "statistic_mark"

    source: Mapped[str] = mapped_column(String(20), primary_key=True)
    upto: Mapped[int] = mapped_column(BigInteger)
    pending: Mapped[int | None] = mapped_column(BigInteger)
    pending_rows: Mapped[int] = mapped_column(BigInteger)
    newest: Mapped[int | None] = mapped_column(BigInteger)


class UplinkStatus(NodeTable):
    """One row: how the node stands with the hub, for pages and the operator."""

    __tablename__ = "uplink_status"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(20))
    code: Mapped[str | None] = mapped_column(String(60))
    message: Mapped[str | None] = mapped_column(String(400))
    hub_epoch: Mapped[int | None] = mapped_column(BigInteger)
    clock_skew_ms: Mapped[int | None] = mapped_column(BigInteger)
    changed_at: Mapped[dt.datetime] = mapped_column(MOMENT)
    heard_at: Mapped[dt.datetime | None] = mapped_column(MOMENT)
