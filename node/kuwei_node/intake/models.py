"""Imports, their files, the ledger of stored batches, and refused rows.

A batch is entered in the ledger by the transaction that stores its payments; its
key is the file's content, how it is read and the batch number, so a batch is stored
once however often and under whatever name a file comes. Read in another way (profile,
vocabulary, divisions), it comes again, and what the node holds is left alone.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from kuwei_shared.db.base import NodeTable


class IntakeImport(NodeTable):
    """One act of importing: a person, a profile, some files."""

    __tablename__ = "intake_import"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    profile: Mapped[str]
    mof_div_code: Mapped[str] = mapped_column(index=True)
    divisions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    state: Mapped[str]
    started_by: Mapped[str]
    started_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class IntakeOrder(NodeTable):
    """An import a worker shall run.

    Attributes:
        attempt: grows with every claim; a fencing token.
        resting_until: before this moment no attempt follows the one that failed.
    """

    __tablename__ = "intake_order"
    __table_args__ = (
        Index(
            "ix_intake_order_open",
            "import_id",
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    import_id: Mapped[int] = mapped_column(
        ForeignKey("intake_import.id", ondelete="CASCADE"), primary_key=True
    )
    ordered_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    resting_until: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    failure: Mapped[str | None]


class IntakeFile(NodeTable):
    """One file of an import, its control totals declared and reproduced."""

    __tablename__ = "intake_file"
    __table_args__ = (
        UniqueConstraint("import_id", "ordinal"),
        Index("ix_intake_file_content", "sha256", "digest"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    import_id: Mapped[int] = mapped_column(
        ForeignKey("intake_import.id", ondelete="CASCADE")
    )
    ordinal: Mapped[int]
    name: Mapped[str]
    path: Mapped[str]
    sha256: Mapped[str]
    digest: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    encoding: Mapped[str | None]
    state: Mapped[str]
    message: Mapped[str | None]
    rows_read: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    rows_accepted: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    rows_present: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    rows_rejected: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    rows_skipped: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    pay_amt: Mapped[Decimal] = mapped_column(Numeric(20, 2), server_default=text("0"))
    xpay_amt: Mapped[Decimal] = mapped_column(Numeric(20, 2), server_default=text("0"))
    declared_rows: Mapped[int | None] = mapped_column(BigInteger)
    declared_pay_amt: Mapped[Decimal | None] = mapped_column(Numeric(20, 2))
    declared_xpay_amt: Mapped[Decimal | None] = mapped_column(Numeric(20, 2))


class IntakeBatch(NodeTable):
    """A stretch of a file that has been stored, once and for all."""

    __tablename__ = "intake_batch"
    __table_args__ = (UniqueConstraint("sha256", "digest", "mof_div_code", "batch_no"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    sha256: Mapped[str]
    digest: Mapped[str]
    mof_div_code: Mapped[str]
    batch_no: Mapped[int]
    import_id: Mapped[int] = mapped_column(BigInteger, index=True)
    rows_read: Mapped[int] = mapped_column(server_default=text("0"))
    rows_accepted: Mapped[int] = mapped_column(server_default=text("0"))
    rows_present: Mapped[int] = mapped_column(server_default=text("0"))
    present_pay_amt: Mapped[Decimal] = mapped_column(
        Numeric(20, 2), server_default=text("0")
    )
    rows_rejected: Mapped[int] = mapped_column(server_default=text("0"))
    rows_skipped: Mapped[int] = mapped_column(server_default=text("0"))
    pay_amt: Mapped[Decimal] = mapped_column(Numeric(20, 2), server_default=text("0"))
    xpay_amt: Mapped[Decimal] = mapped_column(Numeric(20, 2), server_default=text("0"))
    declared_rows: Mapped[int | None] = mapped_column(BigInteger)
    declared_pay_amt: Mapped[Decimal | None] = mapped_column(Numeric(20, 2))
    declared_xpay_amt: Mapped[Decimal | None] = mapped_column(Numeric(20, 2))
    stored_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))


class IntakeReject(NodeTable):
    """A refused row: where it stood, what it said, why it was refused."""

    __tablename__ = "intake_reject"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    batch_id: Mapped[int] = mapped_column(
        ForeignKey("intake_batch.id", ondelete="CASCADE"), index=True
    )
    mof_div_code: Mapped[str]
    line: Mapped[int] = mapped_column(BigInteger)
    raw: Mapped[str]
    reason: Mapped[str]
    field: Mapped[str]
