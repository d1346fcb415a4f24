"""lay the first tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2159a529b3c8"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration never waits long behind traffic, nor makes it wait.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.execute("CREATE SEQUENCE payment_seq")
    op.create_table(
        "account",
        sa.Column("acct_no", sa.Text(), nullable=False),
        sa.Column("acct_name", sa.Text(), nullable=True),
        sa.Column("agency_code", sa.Text(), nullable=True),
        sa.Column("mof_div_code", sa.Text(), nullable=True),
        sa.Column("acct_kind", sa.Text(), nullable=True),
        sa.Column("bank_code", sa.Text(), nullable=True),
        sa.Column("filed", sa.Boolean(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "valid_from",
            sa.Date(),
            server_default=sa.text("DATE '0001-01-01'"),
            nullable=False,
        ),
        sa.Column(
            "valid_to",
            sa.Date(),
            server_default=sa.text("DATE '9999-12-31'"),
            nullable=False,
        ),
        sa.Column(
            "known_from", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "known_to",
            sa.BigInteger(),
            server_default=sa.text("9223372036854775807"),
            nullable=False,
        ),
        sa.CheckConstraint("known_from <= known_to", name=op.f("ck_account_knowledge")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_account_validity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
    )
    op.create_index("ix_account_key", "account", ["acct_no"], unique=False)
    op.create_index(
        "uq_account_current",
        "account",
        ["acct_no", "valid_from"],
        unique=True,
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.create_table(
        "account_day",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("acct_no", sa.Text(), nullable=False),
        sa.Column("balance_date", sa.Date(), nullable=False),
        sa.Column("agency_code", sa.Text(), nullable=True),
        sa.Column("mof_div_code", sa.Text(), nullable=True),
        sa.Column("acct_kind", sa.Text(), nullable=True),
        sa.Column("bank_code", sa.Text(), nullable=True),
        sa.Column("end_balance", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("bank_paid_amt", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("quota_amt", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_day")),
        sa.UniqueConstraint(
            "acct_no", "balance_date", name=op.f("uq_account_day_acct_no_balance_date")
        ),
    )
    op.create_index(
        "ix_account_day_date", "account_day", ["balance_date"], unique=False
    )
    op.create_table(
        "adoption_head",
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("epoch", name=op.f("pk_adoption_head")),
    )
    op.create_table(
        "adoption_outbox",
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("epoch", "seq", name=op.f("pk_adoption_outbox")),
    )
    op.create_table(
        "agency",
        sa.Column("agency_code", sa.Text(), nullable=False),
        sa.Column("agency_name", sa.Text(), nullable=True),
        sa.Column("mof_div_code", sa.Text(), nullable=True),
        sa.Column("dept_code", sa.Text(), nullable=True),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("agency_kind", sa.Text(), nullable=True),
        sa.Column("is_key", sa.Boolean(), nullable=True),
        sa.Column("cash_limit", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("unifsoc_cred_code", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "valid_from",
            sa.Date(),
            server_default=sa.text("DATE '0001-01-01'"),
            nullable=False,
        ),
        sa.Column(
            "valid_to",
            sa.Date(),
            server_default=sa.text("DATE '9999-12-31'"),
            nullable=False,
        ),
        sa.Column(
            "known_from", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "known_to",
            sa.BigInteger(),
            server_default=sa.text("9223372036854775807"),
            nullable=False,
        ),
        sa.CheckConstraint("known_from <= known_to", name=op.f("ck_agency_knowledge")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_agency_validity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency")),
    )
    op.create_index("ix_agency_key", "agency", ["agency_code"], unique=False)
    op.create_index(
        "uq_agency_current",
        "agency",
        ["agency_code", "valid_from"],
        unique=True,
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("mof_div_code", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_key", sa.Text(), nullable=False),
        sa.Column("window_start", sa.Date(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("agency_code", sa.Text(), nullable=True),
        sa.Column("hit_count", sa.Integer(), nullable=False),
        sa.Column("hit_amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("first_payment_seq", sa.BigInteger(), nullable=True),
        sa.Column("last_payment_seq", sa.BigInteger(), nullable=True),
        sa.Column("compiled_id", sa.BigInteger(), nullable=False),
        sa.Column("operands", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index(
        "ix_alert_raised",
        "alert",
        ["mof_div_code", "first_day", "severity"],
        unique=False,
    )
    op.create_index(
        "uq_alert_subject",
        "alert",
        ["rule_id", "mof_div_code", "subject_key", "window_start"],
        unique=True,
    )
    op.create_table(
        "appropriation",
        sa.Column("bgt_id", sa.Text(), nullable=False),
        sa.Column("agency_code", sa.Text(), nullable=True),
        sa.Column("mof_div_code", sa.Text(), nullable=True),
        sa.Column("fiscal_year", sa.Integer(), nullable=True),
        sa.Column("cor_bgt_doc_no", sa.Text(), nullable=True),
        sa.Column("sup_bgt_doc_no", sa.Text(), nullable=True),
        sa.Column("doc_date", sa.Date(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("dis_amt", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("exp_func_code", sa.Text(), nullable=True),
        sa.Column("gov_bgt_eco_code", sa.Text(), nullable=True),
        sa.Column("dep_bgt_eco_code", sa.Text(), nullable=True),
        sa.Column("fund_type_code", sa.Text(), nullable=True),
        sa.Column("pro_code", sa.Text(), nullable=True),
        sa.Column("is_gov_pur", sa.Boolean(), nullable=True),
        sa.Column("track_pro_code", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "valid_from",
            sa.Date(),
            server_default=sa.text("DATE '0001-01-01'"),
            nullable=False,
        ),
        sa.Column(
            "valid_to",
            sa.Date(),
            server_default=sa.text("DATE '9999-12-31'"),
            nullable=False,
        ),
        sa.Column(
            "known_from", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "known_to",
            sa.BigInteger(),
            server_default=sa.text("9223372036854775807"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "known_from <= known_to", name=op.f("ck_appropriation_knowledge")
        ),
        sa.CheckConstraint(
            "valid_from < valid_to", name=op.f("ck_appropriation_validity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appropriation")),
    )
    op.create_index("ix_appropriation_key", "appropriation", ["bgt_id"], unique=False)
    op.create_index(
        "uq_appropriation_current",
        "appropriation",
        ["bgt_id", "valid_from"],
        unique=True,
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.create_table(
        "audit_entry",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("actor_name", sa.String(length=100), nullable=False),
        sa.Column("act", sa.String(length=60), nullable=False),
        sa.Column("about", sa.String(length=300), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entry")),
    )
    op.create_index(
        op.f("ix_audit_entry_actor"), "audit_entry", ["actor"], unique=False
    )
    op.create_index(op.f("ix_audit_entry_at"), "audit_entry", ["at"], unique=False)
    op.create_table(
        "bank",
        sa.Column("bank_code", sa.Text(), nullable=False),
        sa.Column("bank_name", sa.Text(), nullable=True),
        sa.Column("is_agent", sa.Boolean(), nullable=True),
        sa.Column("agreement_from", sa.Date(), nullable=True),
        sa.Column("agreement_to", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "valid_from",
            sa.Date(),
            server_default=sa.text("DATE '0001-01-01'"),
            nullable=False,
        ),
        sa.Column(
            "valid_to",
            sa.Date(),
            server_default=sa.text("DATE '9999-12-31'"),
            nullable=False,
        ),
        sa.Column(
            "known_from", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "known_to",
            sa.BigInteger(),
            server_default=sa.text("9223372036854775807"),
            nullable=False,
        ),
        sa.CheckConstraint("known_from <= known_to", name=op.f("ck_bank_knowledge")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_bank_validity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank")),
    )
    op.create_index("ix_bank_key", "bank", ["bank_code"], unique=False)
    op.create_index(
        "uq_bank_current",
        "bank",
        ["bank_code", "valid_from"],
        unique=True,
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.create_table(
        "bank_report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("bank_code", sa.Text(), nullable=True),
        sa.Column("mof_div_code", sa.Text(), nullable=True),
        sa.Column("report_kind", sa.Text(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("diff_amt", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_report")),
        sa.UniqueConstraint("report_id", name=op.f("uq_bank_report_report_id")),
    )
    op.create_index(
        "ix_bank_report_due_date", "bank_report", ["due_date"], unique=False
    )
    op.create_table(
        "brake_trip",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("tripped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_count", sa.Integer(), nullable=False),
        sa.Column("window_count", sa.Integer(), nullable=False),
        sa.Column("reset_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reset_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brake_trip")),
    )
    op.create_index(
        "uq_brake_trip_open",
        "brake_trip",
        ["rule_id"],
        unique=True,
        postgresql_where=sa.text("reset_at IS NULL"),
    )
    op.create_table(
        "cash_plan",
        sa.Column("bgt_id", sa.Text(), nullable=False),
        sa.Column("plan_month", sa.Integer(), nullable=False),
        sa.Column("plan_amt", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("mof_div_code", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "valid_from",
            sa.Date(),
            server_default=sa.text("DATE '0001-01-01'"),
            nullable=False,
        ),
        sa.Column(
            "valid_to",
            sa.Date(),
            server_default=sa.text("DATE '9999-12-31'"),
            nullable=False,
        ),
        sa.Column(
            "known_from", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "known_to",
            sa.BigInteger(),
            server_default=sa.text("9223372036854775807"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "known_from <= known_to", name=op.f("ck_cash_plan_knowledge")
        ),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_cash_plan_validity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_plan")),
    )
    op.create_index(
        "ix_cash_plan_key", "cash_plan", ["bgt_id", "plan_month"], unique=False
    )
    op.create_index(
        "uq_cash_plan_current",
        "cash_plan",
        ["bgt_id", "plan_month", "valid_from"],
        unique=True,
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.create_table(
        "catalogue_release",
        sa.Column("serial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bundle", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_catalogue_release")),
        sa.UniqueConstraint("version", name=op.f("uq_catalogue_release_version")),
    )
    op.create_table(
        "compiled_catalogue",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("tuning", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rule_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compiled_catalogue")),
        sa.UniqueConstraint(
            "fingerprint", name=op.f("uq_compiled_catalogue_fingerprint")
        ),
    )
    op.create_table(
        "contract",
        sa.Column("contract_no", sa.Text(), nullable=False),
        sa.Column("agency_code", sa.Text(), nullable=True),
        sa.Column("mof_div_code", sa.Text(), nullable=True),
        sa.Column("supplier_name", sa.Text(), nullable=True),
        sa.Column("supplier_acct_no", sa.Text(), nullable=True),
        sa.Column("contract_amt", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("sign_date", sa.Date(), nullable=True),
        sa.Column("pur_plan_no", sa.Text(), nullable=True),
        sa.Column("pur_method_code", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "valid_from",
            sa.Date(),
            server_default=sa.text("DATE '0001-01-01'"),
            nullable=False,
        ),
        sa.Column(
            "valid_to",
            sa.Date(),
            server_default=sa.text("DATE '9999-12-31'"),
            nullable=False,
        ),
        sa.Column(
            "known_from", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "known_to",
            sa.BigInteger(),
            server_default=sa.text("9223372036854775807"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "known_from <= known_to", name=op.f("ck_contract_knowledge")
        ),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_contract_validity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
    )
    op.create_index("ix_contract_key", "contract", ["contract_no"], unique=False)
    op.create_index(
        "uq_contract_current",
        "contract",
        ["contract_no", "valid_from"],
        unique=True,
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.create_table(
        "hit",
        sa.Column("payment_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("mof_div_code", sa.Text(), nullable=False),
        sa.Column("vou_date", sa.Date(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("is_trial", sa.Boolean(), nullable=False),
        sa.Column("pay_amt", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.PrimaryKeyConstraint("payment_seq", "rule_id", name=op.f("pk_hit")),
    )
    op.create_index("ix_hit_rule", "hit", ["rule_id", "vou_date"], unique=False)
    op.create_table(
        "hold",
        sa.Column("payment_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("mof_div_code", sa.Text(), nullable=False),
        sa.Column("agency_code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'held'"), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("payment_seq", name=op.f("pk_hold")),
    )
    op.create_index(
        "ix_hold_open",
        "hold",
        ["mof_div_code", "held_at"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "intake_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("mof_div_code", sa.Text(), nullable=False),
        sa.Column("batch_no", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "rows_read", sa.Integer(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "rows_accepted", sa.Integer(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "rows_present", sa.Integer(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "rows_rejected", sa.Integer(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "rows_skipped", sa.Integer(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "pay_amt",
            sa.Numeric(precision=20, scale=2),
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column(
            "xpay_amt",
            sa.Numeric(precision=20, scale=2),
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column("declared_rows", sa.BigInteger(), nullable=True),
        sa.Column("declared_pay_amt", sa.Numeric(precision=20, scale=2), nullable=True),
        sa.Column(
            "declared_xpay_amt", sa.Numeric(precision=20, scale=2), nullable=True
        ),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_batch")),
        sa.UniqueConstraint(
            "sha256",
            "digest",
            "mof_div_code",
            "batch_no",
            name=op.f("uq_intake_batch_sha256_digest_mof_div_code_batch_no"),
        ),
    )
    op.create_index(
        op.f("ix_intake_batch_import_id"), "intake_batch", ["import_id"], unique=False
    )
    op.create_table(
        "intake_import",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("mof_div_code", sa.Text(), nullable=False),
        sa.Column("divisions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_import")),
    )
    op.create_index(
        op.f("ix_intake_import_mof_div_code"),
        "intake_import",
        ["mof_div_code"],
        unique=False,
    )
    op.create_table(
        "jurisdiction",
        sa.Column("mof_div_code", sa.Text(), nullable=False),
        sa.Column("mof_div_name", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("fiscal_parent", sa.Text(), nullable=True),
        sa.Column("fiscal_year_end", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "valid_from",
            sa.Date(),
            server_default=sa.text("DATE '0001-01-01'"),
            nullable=False,
        ),
        sa.Column(
            "valid_to",
            sa.Date(),
            server_default=sa.text("DATE '9999-12-31'"),
            nullable=False,
        ),
        sa.Column(
            "known_from", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "known_to",
            sa.BigInteger(),
            server_default=sa.text("9223372036854775807"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "known_from <= known_to", name=op.f("ck_jurisdiction_knowledge")
        ),
        sa.CheckConstraint(
            "valid_from < valid_to", name=op.f("ck_jurisdiction_validity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jurisdiction")),
    )
    op.create_index(
        "ix_jurisdiction_key", "jurisdiction", ["mof_div_code"], unique=False
    )
    op.create_index(
        "uq_jurisdiction_current",
        "jurisdiction",
        ["mof_div_code", "valid_from"],
        unique=True,
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.create_table(
        "local_rule",
        sa.Column("rule_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.String(length=60), nullable=False),
        sa.Column("approved_by", sa.String(length=60), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "proposed_by <> approved_by", name=op.f("ck_local_rule_two_persons")
        ),
        sa.PrimaryKeyConstraint("rule_id", "version", name=op.f("pk_local_rule")),
    )
    op.create_table(
        "official_card",
        sa.Column("card_no", sa.Text(), nullable=False),
        sa.Column("agency_code", sa.Text(), nullable=True),
        sa.Column("mof_div_code", sa.Text(), nullable=True),
        sa.Column("holder_name", sa.Text(), nullable=True),
        sa.Column("bank_code", sa.Text(), nullable=True),
        sa.Column("credit_limit", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "valid_from",
            sa.Date(),
            server_default=sa.text("DATE '0001-01-01'"),
            nullable=False,
        ),
        sa.Column(
            "valid_to",
            sa.Date(),
            server_default=sa.text("DATE '9999-12-31'"),
            nullable=False,
        ),
        sa.Column(
            "known_from", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "known_to",
            sa.BigInteger(),
            server_default=sa.text("9223372036854775807"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "known_from <= known_to", name=op.f("ck_official_card_knowledge")
        ),
        sa.CheckConstraint(
            "valid_from < valid_to", name=op.f("ck_official_card_validity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_official_card")),
    )
    op.create_index("ix_official_card_key", "official_card", ["card_no"], unique=False)
    op.create_index(
        "uq_official_card_current",
        "official_card",
        ["card_no", "valid_from"],
        unique=True,
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.create_table(
        "outbox",
        sa.Column("stream", sa.String(length=20), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("running_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("stream", "epoch", "seq", name=op.f("pk_outbox")),
    )
    op.create_table(
        "outbox_receipt",
        sa.Column("stream", sa.String(length=20), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("upto_seq", sa.BigInteger(), nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("stream", "epoch", name=op.f("pk_outbox_receipt")),
    )
    op.create_table(
        "outbox_stream",
        sa.Column("stream", sa.String(length=20), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("last_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("running_sha256", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "epoch", name=op.f("pk_outbox_stream")),
    )
    op.create_table(
        "payment",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fiscal_year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("live", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("reversed_by", sa.BigInteger(), nullable=True),
        sa.Column(
            "tally", sa.SmallInteger(), server_default=sa.text("1"), nullable=False
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("entry_kind", sa.Text(), nullable=False),
        sa.Column("orig_payment_id", sa.Text(), nullable=True),
        sa.Column("line_no", sa.Integer(), nullable=True),
        sa.Column("mof_div_code", sa.Text(), nullable=False),
        sa.Column("pay_app_no", sa.Text(), nullable=True),
        sa.Column("pay_cert_no", sa.Text(), nullable=True),
        sa.Column("vou_date", sa.Date(), nullable=False),
        sa.Column("create_time", sa.DateTime(), nullable=True),
        sa.Column("xpay_date", sa.Date(), nullable=True),
        sa.Column("maker_code", sa.Text(), nullable=True),
        sa.Column("checker_code", sa.Text(), nullable=True),
        sa.Column("agency_code", sa.Text(), nullable=False),
        sa.Column("agency_name", sa.Text(), nullable=True),
        sa.Column("dept_code", sa.Text(), nullable=True),
        sa.Column("bgt_id", sa.Text(), nullable=True),
        sa.Column("bgt_type_code", sa.Text(), nullable=True),
        sa.Column("fund_type_code", sa.Text(), nullable=True),
        sa.Column("fund_scope", sa.Text(), nullable=True),
        sa.Column("exp_func_code", sa.Text(), nullable=True),
        sa.Column("gov_bgt_eco_code", sa.Text(), nullable=True),
        sa.Column("dep_bgt_eco_code", sa.Text(), nullable=True),
        sa.Column("pro_code", sa.Text(), nullable=True),
        sa.Column("pay_type_code", sa.Text(), nullable=True),
        sa.Column("set_mode_code", sa.Text(), nullable=True),
        sa.Column("pay_bus_type_code", sa.Text(), nullable=True),
        sa.Column("fund_traobj_type_code", sa.Text(), nullable=True),
        sa.Column("use_des", sa.Text(), nullable=True),
        sa.Column("pay_amt", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("xpay_amt", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("deduct_amt", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("pay_acct_name", sa.Text(), nullable=True),
        sa.Column("pay_acct_no", sa.Text(), nullable=True),
        sa.Column("pay_acct_bank_name", sa.Text(), nullable=True),
        sa.Column("pay_bank_code", sa.Text(), nullable=True),
        sa.Column("payee_acct_name", sa.Text(), nullable=True),
        sa.Column("payee_acct_no", sa.Text(), nullable=True),
        sa.Column("payee_acct_bank_name", sa.Text(), nullable=True),
        sa.Column("agent_business_no", sa.Text(), nullable=True),
        sa.Column("check_no", sa.Text(), nullable=True),
        sa.Column("contract_no", sa.Text(), nullable=True),
        sa.Column("invoice_no", sa.Text(), nullable=True),
        sa.Column("card_no", sa.Text(), nullable=True),
        sa.Column("merchant_name", sa.Text(), nullable=True),
        sa.Column("person_cnt", sa.Integer(), nullable=True),
        sa.Column("day_cnt", sa.Numeric(precision=9, scale=3), nullable=True),
        sa.Column("attach_cnt", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "entry_kind IN ('normal', 'refund', 'correction', 'reversal')",
            name=op.f("ck_payment_entry_kind"),
        ),
        sa.CheckConstraint(
            "stage IN ('request', 'voucher', 'receipt')", name=op.f("ck_payment_stage")
        ),
        sa.PrimaryKeyConstraint("seq", "fiscal_year", name=op.f("pk_payment")),
        postgresql_partition_by="RANGE (fiscal_year)",
    )
    op.create_index(
        "ix_payment_bgt",
        "payment",
        ["bgt_id"],
        unique=False,
        postgresql_where=sa.text("bgt_id IS NOT NULL"),
    )
    op.create_index(
        "ix_payment_card",
        "payment",
        ["agency_code", "card_no", "vou_date"],
        unique=False,
        postgresql_where=sa.text("card_no IS NOT NULL"),
    )
    op.create_index(
        "ix_payment_cash",
        "payment",
        ["agency_code", "vou_date"],
        unique=False,
        postgresql_where=sa.text("set_mode_code = '4'"),
    )
    op.create_index(
        "ix_payment_contract",
        "payment",
        ["contract_no"],
        unique=False,
        postgresql_where=sa.text("contract_no IS NOT NULL"),
    )
    op.create_index("ix_payment_date", "payment", ["vou_date", "seq"], unique=False)
    op.create_index(
        "ix_payment_eco",
        "payment",
        ["agency_code", "dep_bgt_eco_code", "vou_date"],
        unique=False,
    )
    op.create_index(
        "ix_payment_invoice",
        "payment",
        ["agency_code", "invoice_no"],
        unique=False,
        postgresql_where=sa.text("invoice_no IS NOT NULL"),
    )
    op.create_index(
        "ix_payment_orig",
        "payment",
        ["orig_payment_id"],
        unique=False,
        postgresql_where=sa.text("orig_payment_id IS NOT NULL"),
    )
    op.create_index(
        "ix_payment_payee",
        "payment",
        ["agency_code", "payee_acct_no", "vou_date"],
        unique=False,
    )
    op.create_index(
        "ix_payment_project",
        "payment",
        ["pro_code"],
        unique=False,
        postgresql_where=sa.text("pro_code IS NOT NULL"),
    )
    op.create_index(
        "uq_payment_identity",
        "payment",
        ["payment_id", "stage", "fiscal_year"],
        unique=True,
    )
    op.create_table(
        "project",
        sa.Column("pro_code", sa.Text(), nullable=False),
        sa.Column("pro_name", sa.Text(), nullable=True),
        sa.Column("agency_code", sa.Text(), nullable=True),
        sa.Column("mof_div_code", sa.Text(), nullable=True),
        sa.Column("pro_cat_code", sa.Text(), nullable=True),
        sa.Column("total_amt", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("progress_pct", sa.Numeric(precision=9, scale=3), nullable=True),
        sa.Column("review_required", sa.Boolean(), nullable=True),
        sa.Column("review_passed", sa.Boolean(), nullable=True),
        sa.Column("is_livelihood", sa.Boolean(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "valid_from",
            sa.Date(),
            server_default=sa.text("DATE '0001-01-01'"),
            nullable=False,
        ),
        sa.Column(
            "valid_to",
            sa.Date(),
            server_default=sa.text("DATE '9999-12-31'"),
            nullable=False,
        ),
        sa.Column(
            "known_from", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "known_to",
            sa.BigInteger(),
            server_default=sa.text("9223372036854775807"),
            nullable=False,
        ),
        sa.CheckConstraint("known_from <= known_to", name=op.f("ck_project_knowledge")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_project_validity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
    )
    op.create_index("ix_project_key", "project", ["pro_code"], unique=False)
    op.create_index(
        "uq_project_current",
        "project",
        ["pro_code", "valid_from"],
        unique=True,
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.create_table(
        "reference_load",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("mof_div_code", sa.Text(), nullable=True),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_added", sa.BigInteger(), nullable=False),
        sa.Column("rows_closed", sa.BigInteger(), nullable=False),
        sa.Column("rows_unchanged", sa.BigInteger(), nullable=False),
        sa.Column("rows_rejected", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_load")),
    )
    op.create_table(
        "rule_tuning",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("rule_id", sa.String(length=40), nullable=False),
        sa.Column("param", sa.String(length=60), nullable=False),
        sa.Column("value", sa.String(length=60), nullable=False),
        sa.Column("proposed_by", sa.String(length=60), nullable=False),
        sa.Column("approved_by", sa.String(length=60), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "proposed_by <> approved_by", name=op.f("ck_rule_tuning_two_persons")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_tuning")),
    )
    op.create_index(
        "uq_rule_tuning_in_force",
        "rule_tuning",
        ["rule_id", "param"],
        unique=True,
        postgresql_where="until_at IS NULL",
    )
    op.create_table(
        "scheduled_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("as_of", sa.BigInteger(), nullable=True),
        sa.Column("days_read", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("release", sa.Text(), nullable=True),
        sa.Column("receipts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_run")),
    )
    op.create_index(
        "ix_scheduled_run_open",
        "scheduled_run",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index(
        "uq_scheduled_run",
        "scheduled_run",
        ["schedule", "first_day", "last_day"],
        unique=True,
    )
    op.create_table(
        "screening",
        sa.Column("payment_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fiscal_year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("compiled_id", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("weight", sa.SmallInteger(), nullable=False),
        sa.Column("outcomes", sa.Text(), nullable=False),
        sa.Column("operands", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("screened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "payment_seq", "fiscal_year", name=op.f("pk_screening")
        ),
        postgresql_partition_by="RANGE (fiscal_year)",
    )
    op.create_table(
        "statistic_mark",
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.BigInteger(), nullable=True),
        sa.Column("pending_rows", sa.BigInteger(), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_statistic_mark")),
    )
    op.create_table(
        "statistic_revision",
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("family", sa.String(length=20), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "mof_div_code", "business_day", "family", name=op.f("pk_statistic_revision")
        ),
    )
    op.create_table(
        "statistic_touch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statistic_touch")),
    )
    op.create_table(
        "tuning_proposal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("rule_id", sa.String(length=40), nullable=False),
        sa.Column("param", sa.String(length=60), nullable=False),
        sa.Column("value", sa.String(length=60), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("proposed_by", sa.String(length=60), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=60), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "proposed_by <> decided_by", name=op.f("ck_tuning_proposal_two_persons")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tuning_proposal")),
    )
    op.create_index(
        "uq_tuning_proposal_waiting",
        "tuning_proposal",
        ["rule_id", "param"],
        unique=True,
        postgresql_where="state = 'waiting'",
    )
    op.create_table(
        "uplink_status",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.Column("message", sa.String(length=400), nullable=True),
        sa.Column("hub_epoch", sa.BigInteger(), nullable=True),
        sa.Column("clock_skew_ms", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uplink_status")),
    )
    op.create_table(
        "catalogue_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("active_serial", sa.Integer(), nullable=True),
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_catalogue_state_single_row")),
        sa.ForeignKeyConstraint(
            ["active_serial"],
            ["catalogue_release.serial"],
            name=op.f("fk_catalogue_state_active_serial"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_state")),
    )
    op.create_table(
        "intake_file",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column(
            "rows_read", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "rows_accepted",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column(
            "rows_present", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "rows_rejected",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column(
            "rows_skipped", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "pay_amt",
            sa.Numeric(precision=20, scale=2),
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column(
            "xpay_amt",
            sa.Numeric(precision=20, scale=2),
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column("declared_rows", sa.BigInteger(), nullable=True),
        sa.Column("declared_pay_amt", sa.Numeric(precision=20, scale=2), nullable=True),
        sa.Column(
            "declared_xpay_amt", sa.Numeric(precision=20, scale=2), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["intake_import.id"],
            name=op.f("fk_intake_file_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_file")),
        sa.UniqueConstraint(
            "import_id", "ordinal", name=op.f("uq_intake_file_import_id_ordinal")
        ),
    )
    op.create_index(
        "ix_intake_file_content", "intake_file", ["sha256", "digest"], unique=False
    )
    op.create_table(
        "intake_order",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["intake_import.id"],
            name=op.f("fk_intake_order_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_intake_order")),
    )
    op.create_index(
        "ix_intake_order_open",
        "intake_order",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "intake_reject",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("mof_div_code", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["intake_batch.id"],
            name=op.f("fk_intake_reject_batch_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_reject")),
    )
    op.create_index(
        op.f("ix_intake_reject_batch_id"), "intake_reject", ["batch_id"], unique=False
    )
    op.create_table(
        "reference_reject",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("load_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["load_id"],
            ["reference_load.id"],
            name=op.f("fk_reference_reject_load_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_reject")),
    )
    op.create_index(
        op.f("ix_reference_reject_load_id"),
        "reference_reject",
        ["load_id"],
        unique=False,
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.drop_index(op.f("ix_reference_reject_load_id"), table_name="reference_reject")
    op.drop_table("reference_reject")
    op.drop_index(op.f("ix_intake_reject_batch_id"), table_name="intake_reject")
    op.drop_table("intake_reject")
    op.drop_index(
        "ix_intake_order_open",
        table_name="intake_order",
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.drop_table("intake_order")
    op.drop_index("ix_intake_file_content", table_name="intake_file")
    op.drop_table("intake_file")
    op.drop_table("catalogue_state")
    op.drop_table("uplink_status")
    op.drop_index(
        "uq_tuning_proposal_waiting",
        table_name="tuning_proposal",
        postgresql_where="state = 'waiting'",
    )
    op.drop_table("tuning_proposal")
    op.drop_table("statistic_touch")
    op.drop_table("statistic_revision")
    op.drop_table("statistic_mark")
    op.drop_table("screening")
    op.drop_index("uq_scheduled_run", table_name="scheduled_run")
    op.drop_index(
        "ix_scheduled_run_open",
        table_name="scheduled_run",
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.drop_table("scheduled_run")
    op.drop_index(
        "uq_rule_tuning_in_force",
        table_name="rule_tuning",
        postgresql_where="until_at IS NULL",
    )
    op.drop_table("rule_tuning")
    op.drop_table("reference_load")
    op.drop_index(
        "uq_project_current",
        table_name="project",
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.drop_index("ix_project_key", table_name="project")
    op.drop_table("project")
    op.drop_index("uq_payment_identity", table_name="payment")
    op.drop_index(
        "ix_payment_project",
        table_name="payment",
        postgresql_where=sa.text("pro_code IS NOT NULL"),
    )
    op.drop_index("ix_payment_payee", table_name="payment")
    op.drop_index(
        "ix_payment_orig",
        table_name="payment",
        postgresql_where=sa.text("orig_payment_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_payment_invoice",
        table_name="payment",
        postgresql_where=sa.text("invoice_no IS NOT NULL"),
    )
    op.drop_index("ix_payment_eco", table_name="payment")
    op.drop_index("ix_payment_date", table_name="payment")
    op.drop_index(
        "ix_payment_contract",
        table_name="payment",
        postgresql_where=sa.text("contract_no IS NOT NULL"),
    )
    op.drop_index(
        "ix_payment_cash",
        table_name="payment",
        postgresql_where=sa.text("set_mode_code = '4'"),
    )
    op.drop_index(
        "ix_payment_card",
        table_name="payment",
        postgresql_where=sa.text("card_no IS NOT NULL"),
    )
    op.drop_index(
        "ix_payment_bgt",
        table_name="payment",
        postgresql_where=sa.text("bgt_id IS NOT NULL"),
    )
    op.drop_table("payment")
    op.drop_table("outbox_stream")
    op.drop_table("outbox_receipt")
    op.drop_table("outbox")
    op.drop_index(
        "uq_official_card_current",
        table_name="official_card",
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.drop_index("ix_official_card_key", table_name="official_card")
    op.drop_table("official_card")
    op.drop_table("local_rule")
    op.drop_index(
        "uq_jurisdiction_current",
        table_name="jurisdiction",
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.drop_index("ix_jurisdiction_key", table_name="jurisdiction")
    op.drop_table("jurisdiction")
    op.drop_index(op.f("ix_intake_import_mof_div_code"), table_name="intake_import")
    op.drop_table("intake_import")
    op.drop_index(op.f("ix_intake_batch_import_id"), table_name="intake_batch")
    op.drop_table("intake_batch")
    op.drop_index(
        "ix_hold_open", table_name="hold", postgresql_where=sa.text("state = 'held'")
    )
    op.drop_table("hold")
    op.drop_index("ix_hit_rule", table_name="hit")
    op.drop_table("hit")
    op.drop_index(
        "uq_contract_current",
        table_name="contract",
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.drop_index("ix_contract_key", table_name="contract")
    op.drop_table("contract")
    op.drop_table("compiled_catalogue")
    op.drop_table("catalogue_release")
    op.drop_index(
        "uq_cash_plan_current",
        table_name="cash_plan",
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.drop_index("ix_cash_plan_key", table_name="cash_plan")
    op.drop_table("cash_plan")
    op.drop_index(
        "uq_brake_trip_open",
        table_name="brake_trip",
        postgresql_where=sa.text("reset_at IS NULL"),
    )
    op.drop_table("brake_trip")
    op.drop_index("ix_bank_report_due_date", table_name="bank_report")
    op.drop_table("bank_report")
    op.drop_index(
        "uq_bank_current",
        table_name="bank",
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.drop_index("ix_bank_key", table_name="bank")
    op.drop_table("bank")
    op.drop_index(op.f("ix_audit_entry_at"), table_name="audit_entry")
    op.drop_index(op.f("ix_audit_entry_actor"), table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_index(
        "uq_appropriation_current",
        table_name="appropriation",
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.drop_index("ix_appropriation_key", table_name="appropriation")
    op.drop_table("appropriation")
    op.drop_index("uq_alert_subject", table_name="alert")
    op.drop_index("ix_alert_raised", table_name="alert")
    op.drop_table("alert")
    op.drop_index(
        "uq_agency_current",
        table_name="agency",
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.drop_index("ix_agency_key", table_name="agency")
    op.drop_table("agency")
    op.drop_table("adoption_outbox")
    op.drop_table("adoption_head")
    op.drop_index("ix_account_day_date", table_name="account_day")
    op.drop_table("account_day")
    op.drop_index(
        "uq_account_current",
        table_name="account",
        postgresql_where=sa.text("known_to = 9223372036854775807"),
    )
    op.drop_index("ix_account_key", table_name="account")
    op.drop_table("account")
    op.execute("DROP SEQUENCE payment_seq")
