"""Tables of the catalogue at a node."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kuwei_shared.db.base import NodeTable

MOMENT = DateTime(timezone=True)


class CatalogueRelease(NodeTable):
    """A verified release; its bundle is kept, so that any can be compiled again."""

    __tablename__ = "catalogue_release"

    serial: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[str] = mapped_column(String(20), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    bundle: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    verified_at: Mapped[dt.datetime] = mapped_column(MOMENT)
    activated_at: Mapped[dt.datetime | None] = mapped_column(MOMENT)


class CatalogueState(NodeTable):
    """One row: what is in force, and ``edition``, which every process compares.

    Changing anything that screens payments raises the edition in the same
    transaction. The columns ``told_*`` are what the province was told last: a step is
    told once for an assignment, a failure once until it is another.
    """

    __tablename__ = "catalogue_state"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    active_serial: Mapped[int | None] = mapped_column(
        ForeignKey("catalogue_release.serial")
    )
    edition: Mapped[int] = mapped_column(BigInteger)
    checked_at: Mapped[dt.datetime | None] = mapped_column(MOMENT)
    trouble: Mapped[str] = mapped_column(Text)
    told_version: Mapped[str] = mapped_column(Text, server_default="")
    told_state: Mapped[str] = mapped_column(String(16), server_default="")
    told_failure: Mapped[str] = mapped_column(Text, server_default="")
    told_doubt: Mapped[str] = mapped_column(Text, server_default="")


class RuleTuning(NodeTable):
    """A tuned parameter while it holds; ended ones stay for replay."""

    __tablename__ = "rule_tuning"
    __table_args__ = (
        CheckConstraint("proposed_by <> approved_by", name="two_persons"),
        Index(
            "uq_rule_tuning_in_force",
            "rule_id",
            "param",
            unique=True,
            postgresql_where="until_at IS NULL",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(40))
    param: Mapped[str] = mapped_column(String(60))
    value: Mapped[str] = mapped_column(String(60))
    proposed_by: Mapped[str] = mapped_column(String(60))
    approved_by: Mapped[str] = mapped_column(String(60))
    from_at: Mapped[dt.datetime] = mapped_column(MOMENT)
    until_at: Mapped[dt.datetime | None] = mapped_column(MOMENT)


class TuningProposal(NodeTable):
    """A change of a parameter one person wants and another decides on.

    Attributes:
        value: as text; null to return to the province's value.
        state: ``waiting`` | ``approved`` | ``refused``.
    """

    __tablename__ = "tuning_proposal"
    __table_args__ = (
        CheckConstraint("proposed_by <> decided_by", name="two_persons"),
        Index(
            "uq_tuning_proposal_waiting",
            "rule_id",
            "param",
            unique=True,
            postgresql_where="state = 'waiting'",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(40))
    param: Mapped[str] = mapped_column(String(60))
    value: Mapped[str | None] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    proposed_by: Mapped[str] = mapped_column(String(60))
    proposed_at: Mapped[dt.datetime] = mapped_column(MOMENT)
    decided_by: Mapped[str | None] = mapped_column(String(60))
    decided_at: Mapped[dt.datetime | None] = mapped_column(MOMENT)
    note: Mapped[str] = mapped_column(Text)


class LocalRuleRow(NodeTable):
    """One version of a rule of this bureau's own; ended ones stay for replay."""

    __tablename__ = "local_rule"
    __table_args__ = (
        CheckConstraint("proposed_by <> approved_by", name="two_persons"),
    )

    rule_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[str] = mapped_column(String(60))
    approved_by: Mapped[str] = mapped_column(String(60))
    from_at: Mapped[dt.datetime] = mapped_column(MOMENT)
    until_at: Mapped[dt.datetime | None] = mapped_column(MOMENT)


class AdoptionOutbox(NodeTable):
    """Signed adoption reports, kept a while after the hub has acknowledged them.

    A hub restored from a backup asks for some of them again.
    """

    __tablename__ = "adoption_outbox"

    epoch: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False
    )
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    signed: Mapped[bytes] = mapped_column(LargeBinary)
    acknowledged_at: Mapped[dt.datetime | None] = mapped_column(MOMENT)


class AdoptionHead(NodeTable):
    """Last number given to an adoption report, per epoch: gap-free under its lock."""

    __tablename__ = "adoption_head"

    epoch: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False
    )
    seq: Mapped[int] = mapped_column(BigInteger)
