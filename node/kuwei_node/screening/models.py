"""What screening found: one row per payment, and one per rule that was hit.

All outcomes of a payment are one string with a letter per rule in the order of
the release's compiled catalogue: 1 hit, 0 clear, ? undetermined, - not applicable,
! failed. Materialising a row per outcome would cost thirty times the screening.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Identity, Index, Numeric, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kuwei_shared.db.base import NodeTable


class Screening(NodeTable):
    """The screening of one payment when it arrived."""

    __tablename__ = "screening"
    __table_args__ = ({"postgresql_partition_by": "RANGE (fiscal_year)"},)

    payment_seq: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False
    )
    fiscal_year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    compiled_id: Mapped[int] = mapped_column(BigInteger)
    decision: Mapped[str]
    weight: Mapped[int] = mapped_column(SmallInteger)
    outcomes: Mapped[str]
    # Any: operand values have the types of the vocabulary names they are keyed by.
    operands: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    screened_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))


class Hit(NodeTable):
    """One rule hit by one payment."""

    __tablename__ = "hit"
    __table_args__ = (Index("ix_hit_rule", "rule_id", "vou_date"),)

    payment_seq: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False
    )
    rule_id: Mapped[str] = mapped_column(primary_key=True)
    fiscal_year: Mapped[int]
    mof_div_code: Mapped[str]
    vou_date: Mapped[dt.date]
    severity: Mapped[str]
    is_trial: Mapped[bool]
    pay_amt: Mapped[Decimal] = mapped_column(Numeric(18, 2))


class CompiledCatalogue(NodeTable):
    """An effective catalogue that screened something: enough to compile it again.

    ``release`` names the standard release, ``tuning`` the local values on top;
    ``rule_ids`` is the order of the outcome letters.
    """

    __tablename__ = "compiled_catalogue"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(unique=True)
    release: Mapped[str]
    # Any: rule id → parameter → value as JSON.
    tuning: Mapped[dict[str, Any]] = mapped_column(JSONB)
    rule_ids: Mapped[list[str]] = mapped_column(JSONB)
    first_used_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
