"""Reference data as bitemporal rows: when a fact holds, and when it was known.

``valid_from``/``valid_to`` are half-open business dates; ``known_from``/
``known_to`` are half-open payment sequence numbers, so that a payment screened
again meets exactly the reference data it met the first time. Nothing is updated
in place except closing ``known_to``. Columns follow rules-catalog/vocabulary.yaml;
a test holds the two equal.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kuwei_node.reference.domain import KNOWN_FOREVER
from kuwei_shared.db.base import NodeTable

if TYPE_CHECKING:
    from sqlalchemy.schema import SchemaItem

RowId = Annotated[
    int, mapped_column(BigInteger, Identity(always=True), primary_key=True)
]
Code = Annotated[str, mapped_column(Text)]
Money = Annotated[Decimal, mapped_column(Numeric(18, 2))]
Ratio = Annotated[Decimal, mapped_column(Numeric(9, 3))]


class Versioned:
    """Columns every reference row has beside its own fields."""

    id: Mapped[RowId]
    valid_from: Mapped[dt.date] = mapped_column(
        server_default=text("DATE '0001-01-01'")
    )
    valid_to: Mapped[dt.date] = mapped_column(server_default=text("DATE '9999-12-31'"))
    known_from: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    known_to: Mapped[int] = mapped_column(
        BigInteger, server_default=text(str(KNOWN_FOREVER))
    )


def _versions_of(table: str, *key: str) -> tuple[SchemaItem, ...]:
    """Return the constraints that keep the versions of a key apart."""
    return (
        Index(f"ix_{table}_key", *key),
        Index(
            f"uq_{table}_current",
            *key,
            "valid_from",
            unique=True,
            postgresql_where=text(f"known_to = {KNOWN_FOREVER}"),
        ),
        CheckConstraint("valid_from < valid_to", name="validity"),
        CheckConstraint("known_from <= known_to", name="knowledge"),
    )


class Jurisdiction(Versioned, NodeTable):
    """A fiscal division: a bureau, or a township hosted by its county."""

    __tablename__ = "jurisdiction"
    __table_args__ = _versions_of("jurisdiction", "mof_div_code")

    mof_div_code: Mapped[Code]
    mof_div_name: Mapped[Code | None]
    level: Mapped[Code | None]
    fiscal_parent: Mapped[Code | None]
    fiscal_year_end: Mapped[int | None]


class Agency(Versioned, NodeTable):
    """A budget unit; also reached as the unit behind a payee's account."""

    __tablename__ = "agency"
    __table_args__ = _versions_of("agency", "agency_code")

    agency_code: Mapped[Code]
    agency_name: Mapped[Code | None]
    mof_div_code: Mapped[Code | None]
    dept_code: Mapped[Code | None]
    parent_code: Mapped[Code | None]
    agency_kind: Mapped[Code | None]
    is_key: Mapped[bool | None]
    cash_limit: Mapped[Money | None]
    unifsoc_cred_code: Mapped[Code | None]


class Account(Versioned, NodeTable):
    """A bank account of any kind; serves payers and payees."""

    __tablename__ = "account"
    __table_args__ = _versions_of("account", "acct_no")

    acct_no: Mapped[Code]
    acct_name: Mapped[Code | None]
    agency_code: Mapped[Code | None]
    mof_div_code: Mapped[Code | None]
    acct_kind: Mapped[Code | None]
    bank_code: Mapped[Code | None]
    filed: Mapped[bool | None]
    opened_on: Mapped[dt.date | None]
    closed_on: Mapped[dt.date | None]


class Appropriation(Versioned, NodeTable):
    """A budget appropriation a payment draws on."""

    __tablename__ = "appropriation"
    __table_args__ = _versions_of("appropriation", "bgt_id")

    bgt_id: Mapped[Code]
    agency_code: Mapped[Code | None]
    mof_div_code: Mapped[Code | None]
    fiscal_year: Mapped[int | None]
    cor_bgt_doc_no: Mapped[Code | None]
    sup_bgt_doc_no: Mapped[Code | None]
    doc_date: Mapped[dt.date | None]
    received_on: Mapped[dt.date | None]
    amount: Mapped[Money | None]
    dis_amt: Mapped[Money | None]
    exp_func_code: Mapped[Code | None]
    gov_bgt_eco_code: Mapped[Code | None]
    dep_bgt_eco_code: Mapped[Code | None]
    fund_type_code: Mapped[Code | None]
    pro_code: Mapped[Code | None]
    is_gov_pur: Mapped[bool | None]
    track_pro_code: Mapped[Code | None]


class CashPlan(Versioned, NodeTable):
    """The amount an appropriation may spend in one month (year*100+month)."""

    __tablename__ = "cash_plan"
    __table_args__ = _versions_of("cash_plan", "bgt_id", "plan_month")

    bgt_id: Mapped[Code]
    plan_month: Mapped[int]
    plan_amt: Mapped[Money | None]
    mof_div_code: Mapped[Code | None]


class Project(Versioned, NodeTable):
    """A project with its total, progress and reviews."""

    __tablename__ = "project"
    __table_args__ = _versions_of("project", "pro_code")

    pro_code: Mapped[Code]
    pro_name: Mapped[Code | None]
    agency_code: Mapped[Code | None]
    mof_div_code: Mapped[Code | None]
    pro_cat_code: Mapped[Code | None]
    total_amt: Mapped[Money | None]
    progress_pct: Mapped[Ratio | None]
    review_required: Mapped[bool | None]
    review_passed: Mapped[bool | None]
    is_livelihood: Mapped[bool | None]
    start_date: Mapped[dt.date | None]


class Contract(Versioned, NodeTable):
    """A procurement contract."""

    __tablename__ = "contract"
    __table_args__ = _versions_of("contract", "contract_no")

    contract_no: Mapped[Code]
    agency_code: Mapped[Code | None]
    mof_div_code: Mapped[Code | None]
    supplier_name: Mapped[Code | None]
    supplier_acct_no: Mapped[Code | None]
    contract_amt: Mapped[Money | None]
    sign_date: Mapped[dt.date | None]
    pur_plan_no: Mapped[Code | None]
    pur_method_code: Mapped[Code | None]


class OfficialCard(Versioned, NodeTable):
    """An official card and the unit that answers for it."""

    __tablename__ = "official_card"
    __table_args__ = _versions_of("official_card", "card_no")

    card_no: Mapped[Code]
    agency_code: Mapped[Code | None]
    mof_div_code: Mapped[Code | None]
    holder_name: Mapped[Code | None]
    bank_code: Mapped[Code | None]
    credit_limit: Mapped[Money | None]


class Bank(Versioned, NodeTable):
    """A bank, and whether and when it may act as agent bank."""

    __tablename__ = "bank"
    __table_args__ = _versions_of("bank", "bank_code")

    bank_code: Mapped[Code]
    bank_name: Mapped[Code | None]
    is_agent: Mapped[bool | None]
    agreement_from: Mapped[dt.date | None]
    agreement_to: Mapped[dt.date | None]


class AccountDay(NodeTable):
    """An account's balance at the end of a day, as its bank reported it."""

    __tablename__ = "account_day"
    __table_args__ = (
        UniqueConstraint("acct_no", "balance_date"),
        Index("ix_account_day_date", "balance_date"),
    )

    id: Mapped[RowId]
    acct_no: Mapped[Code]
    balance_date: Mapped[dt.date]
    agency_code: Mapped[Code | None]
    mof_div_code: Mapped[Code | None]
    acct_kind: Mapped[Code | None]
    bank_code: Mapped[Code | None]
    end_balance: Mapped[Money | None]
    bank_paid_amt: Mapped[Money | None]
    quota_amt: Mapped[Money | None]


class ReferenceLoad(NodeTable):
    """One loading of reference data: what came, what it changed, when."""

    __tablename__ = "reference_load"

    id: Mapped[RowId]
    entity: Mapped[Code]
    source: Mapped[Code]
    mof_div_code: Mapped[Code | None]
    loaded_by: Mapped[Code]
    loaded_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    known_from: Mapped[int] = mapped_column(BigInteger)
    rows_read: Mapped[int] = mapped_column(BigInteger)
    rows_added: Mapped[int] = mapped_column(BigInteger)
    rows_closed: Mapped[int] = mapped_column(BigInteger)
    rows_unchanged: Mapped[int] = mapped_column(BigInteger)
    rows_rejected: Mapped[int] = mapped_column(BigInteger)


class ReferenceReject(NodeTable):
    """A reference row that was refused, and why.

    Attributes:
        mof_div_code: whose file it came in; what the row itself names was refused.
    """

    __tablename__ = "reference_reject"

    id: Mapped[RowId]
    load_id: Mapped[int] = mapped_column(
        ForeignKey("reference_load.id", ondelete="CASCADE"), index=True
    )
    mof_div_code: Mapped[Code | None]
    line: Mapped[int] = mapped_column(BigInteger)
    raw: Mapped[Code]
    reason: Mapped[Code]
    field: Mapped[Code]


class BankReport(NodeTable):
    """A report a bank owed on a date, and when and how it came."""

    __tablename__ = "bank_report"
    __table_args__ = (
        UniqueConstraint("report_id"),
        Index("ix_bank_report_due_date", "due_date"),
    )

    id: Mapped[RowId]
    report_id: Mapped[Code]
    bank_code: Mapped[Code | None]
    mof_div_code: Mapped[Code | None]
    report_kind: Mapped[Code | None]
    due_date: Mapped[dt.date]
    received_on: Mapped[dt.date | None]
    diff_amt: Mapped[Money | None]
    return_reason: Mapped[Code | None]
