"""The payment ledger: one row per payment and stage, append-only.

Columns are the vocabulary's payment fields (a test holds the two equal) and a few
of the ledger's own. ``seq`` is the order of arrival: with per-unit locks it is
also what each screening could see. Partitioned by budget year (ADR 0010). Beside
it stand running totals of what is asked of every payment (ADR 0018).
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    Numeric,
    Sequence,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kuwei_shared.db.base import NodeTable

PAYMENT_SEQ = Sequence("payment_seq", metadata=NodeTable.metadata)


def _present(name: str, *columns: str) -> Index:
    """Return an index of the rows that have its last key column at all."""
    *_, last = [column for column in columns if column != "vou_date"]
    return Index(name, *columns, postgresql_where=text(f"{last} IS NOT NULL"))


class Payment(NodeTable):
    """One stage of one payment as it was reported."""

    __tablename__ = "payment"
    __table_args__ = (
        Index("uq_payment_identity", "payment_id", "stage", "fiscal_year", unique=True),
        Index("ix_payment_date", "vou_date", "seq"),
        Index("ix_payment_payee", "agency_code", "payee_acct_no", "vou_date"),
        _present("ix_payment_bgt", "bgt_id"),
        _present("ix_payment_project", "pro_code"),
        _present("ix_payment_contract", "contract_no"),
        _present("ix_payment_orig", "orig_payment_id"),
        Index(
            "ix_payment_invoice",
            *("agency_code", "invoice_no", "pay_amt"),
            postgresql_where=text("invoice_no IS NOT NULL"),
        ),
        _present("ix_payment_card", "agency_code", "card_no", "vou_date"),
        Index(
            "ix_payment_cash",
            "agency_code",
            "vou_date",
            postgresql_where=text("set_mode_code = '4'"),
        ),
        # What the brake looks back on: the latest payments that could be stopped.
        Index(
            "ix_payment_stoppable",
            "seq",
            postgresql_where=text("import_id IS NULL AND stage <> 'receipt'"),
        ),
        CheckConstraint("stage IN ('request', 'voucher', 'receipt')", name="stage"),
        CheckConstraint(
            "entry_kind IN ('normal', 'refund', 'correction', 'reversal')",
            name="entry_kind",
        ),
        {"postgresql_partition_by": "RANGE (fiscal_year)"},
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    fiscal_year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    live: Mapped[bool] = mapped_column(server_default=text("true"))
    reversed_by: Mapped[int | None] = mapped_column(BigInteger)
    tally: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    received_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    import_id: Mapped[int | None] = mapped_column(BigInteger)

    payment_id: Mapped[str]
    stage: Mapped[str]
    entry_kind: Mapped[str]
    orig_payment_id: Mapped[str | None]
    line_no: Mapped[int | None]
    mof_div_code: Mapped[str]
    pay_app_no: Mapped[str | None]
    pay_cert_no: Mapped[str | None]
    vou_date: Mapped[dt.date]
    create_time: Mapped[dt.datetime | None]
    xpay_date: Mapped[dt.date | None]
    maker_code: Mapped[str | None]
    checker_code: Mapped[str | None]
    agency_code: Mapped[str]
    agency_name: Mapped[str | None]
    dept_code: Mapped[str | None]
    bgt_id: Mapped[str | None]
    bgt_type_code: Mapped[str | None]
    fund_type_code: Mapped[str | None]
    fund_scope: Mapped[str | None]
    exp_func_code: Mapped[str | None]
    gov_bgt_eco_code: Mapped[str | None]
    dep_bgt_eco_code: Mapped[str | None]
    pro_code: Mapped[str | None]
    pay_type_code: Mapped[str | None]
    set_mode_code: Mapped[str | None]
    pay_bus_type_code: Mapped[str | None]
    fund_traobj_type_code: Mapped[str | None]
    use_des: Mapped[str | None]
    pay_amt: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    xpay_amt: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    deduct_amt: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    pay_acct_name: Mapped[str | None]
    pay_acct_no: Mapped[str | None]
    pay_acct_bank_name: Mapped[str | None]
    pay_bank_code: Mapped[str | None]
    payee_acct_name: Mapped[str | None]
    payee_acct_no: Mapped[str | None]
    payee_acct_bank_name: Mapped[str | None]
    agent_business_no: Mapped[str | None]
    check_no: Mapped[str | None]
    contract_no: Mapped[str | None]
    invoice_no: Mapped[str | None]
    card_no: Mapped[str | None]
    merchant_name: Mapped[str | None]
    person_cnt: Mapped[int | None]
    day_cnt: Mapped[Decimal | None] = mapped_column(Numeric(9, 3))
    attach_cnt: Mapped[int | None]


LEDGER_COLUMNS = frozenset(
    {"seq", "live", "reversed_by", "tally", "received_at", "import_id"}
)
"""Columns of the ledger's own; all others are the vocabulary's payment fields."""


class RunningTotalKind(NodeTable):
    """A sum this node keeps; every payment is entered in all of them.

    Attributes:
        is_whole: the payments from before it was begun are in it too; until then
            nothing is judged by it.
    """

    __tablename__ = "running_total_kind"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    said: Mapped[str] = mapped_column(unique=True)
    is_whole: Mapped[bool] = mapped_column(server_default=text("true"))


class RunningTotal(NodeTable):
    """What the payments of one key, stage and period come to (ADR 0018)."""

    __tablename__ = "running_total"
    # Room for updates in place: the amount is in no index.
    __table_args__ = ({"postgresql_with": {"fillfactor": 80}},)

    key: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    # No foreign key: kinds are never removed, and it would be checked for each row.
    total_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bucket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stage: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    amount: Mapped[Decimal] = mapped_column(Numeric(24, 2))
