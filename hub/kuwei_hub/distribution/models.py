"""Tables of distribution.

Release files lie in PostgreSQL, not on disk: a release, its ledger row and its
audit entry commit together, a backup holds all of them, a second hub process sees
them, and immutable files are served from a bounded cache.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    LargeBinary,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kuwei_shared.db.base import HubTable

MOMENT = DateTime(timezone=True)


class ReleaseFile(HubTable):
    """One file of the TUF repository, by path."""

    __tablename__ = "release_file"

    path: Mapped[str] = mapped_column(String(500), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    written_at: Mapped[dt.datetime] = mapped_column(MOMENT)


class Release(HubTable):
    """A published version of the standard catalogue."""

    __tablename__ = "release"
    __table_args__ = (CheckConstraint("author <> approver", name="two_persons"),)

    serial: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[str] = mapped_column(String(20), unique=True)
    status: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(String(64))
    length_bytes: Mapped[int] = mapped_column(BigInteger)
    rule_count: Mapped[int]
    author: Mapped[str] = mapped_column(String(60))
    approver: Mapped[str] = mapped_column(String(60))
    note: Mapped[str] = mapped_column(Text)
    published_at: Mapped[dt.datetime] = mapped_column(MOMENT)


class ReleaseAssignment(HubTable):
    """Which release a jurisdiction shall run; the director signs the whole table.

    ``ring`` is empty until rollouts go in rings.
    """

    __tablename__ = "release_assignment"

    mof_div_code: Mapped[str] = mapped_column(String(9), primary_key=True)
    serial: Mapped[int] = mapped_column(ForeignKey("release.serial"), index=True)
    is_paused: Mapped[bool]
    ring: Mapped[str | None] = mapped_column(String(40))
    assigned_at: Mapped[dt.datetime] = mapped_column(MOMENT)
    assigned_by: Mapped[str] = mapped_column(String(60))


class Adoption(HubTable):
    """How far a release has come at a node, by its latest signed report."""

    __tablename__ = "adoption"

    mof_div_code: Mapped[str] = mapped_column(String(9), primary_key=True)
    serial: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(16))
    reason_code: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(Text)
    since: Mapped[dt.datetime] = mapped_column(MOMENT)
    active_at: Mapped[dt.datetime | None] = mapped_column(MOMENT)


class AdoptionReportRow(HubTable):
    """Every report as it was signed; append-only, the ledger's evidence."""

    __tablename__ = "adoption_report"

    mof_div_code: Mapped[str] = mapped_column(String(9), primary_key=True)
    epoch: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False
    )
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    serial: Mapped[int]
    version: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(16))
    reason_code: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(Text)
    happened_at: Mapped[dt.datetime] = mapped_column(MOMENT)
    received_at: Mapped[dt.datetime] = mapped_column(MOMENT)
    signed: Mapped[bytes] = mapped_column(LargeBinary)
