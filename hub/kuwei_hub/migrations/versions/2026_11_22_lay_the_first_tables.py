"""lay the first tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2365a091bde8"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration never waits long behind traffic, nor makes it wait.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.create_table(
        "adoption",
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("serial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason_code", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("mof_div_code", "serial", name=op.f("pk_adoption")),
    )
    op.create_table(
        "adoption_report",
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason_code", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "mof_div_code", "epoch", "seq", name=op.f("pk_adoption_report")
        ),
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
        "fleet_bulletin",
        sa.Column("topic", sa.String(length=30), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("topic", name=op.f("pk_fleet_bulletin")),
    )
    op.create_table(
        "fleet_node",
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("parent", sa.String(length=9), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("registered_by", sa.String(length=100), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent_version", sa.String(length=40), nullable=True),
        sa.Column("catalogue", sa.String(length=80), nullable=True),
        sa.Column("clock_skew_ms", sa.BigInteger(), nullable=True),
        sa.Column("queue_depth", sa.BigInteger(), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("mof_div_code", name=op.f("pk_fleet_node")),
    )
    op.create_index(op.f("ix_fleet_node_state"), "fleet_node", ["state"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("stream", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.LargeBinary(), nullable=False),
        sa.Column("payload_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "mof_div_code", "epoch", "stream", "seq", name=op.f("pk_inbox")
        ),
    )
    op.create_table(
        "inbox_stream",
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("stream", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("last_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("running_sha256", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "mof_div_code", "epoch", "stream", name=op.f("pk_inbox_stream")
        ),
    )
    op.create_table(
        "jurisdiction",
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("fiscal_parent", sa.String(length=9), nullable=True),
        sa.Column("administrative_parent", sa.String(length=9), nullable=True),
        sa.Column("host", sa.String(length=9), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("successor", sa.String(length=9), nullable=True),
        sa.CheckConstraint(
            "mof_div_code ~ '^[0-9]{9}$'", name=op.f("ck_jurisdiction_nine_digits")
        ),
        sa.CheckConstraint(
            "closed_on IS NULL OR closed_on > opened_on",
            name=op.f("ck_jurisdiction_life"),
        ),
        sa.CheckConstraint(
            "fiscal_parent <> mof_div_code", name=op.f("ck_jurisdiction_not_own_parent")
        ),
        sa.ForeignKeyConstraint(
            ["administrative_parent"],
            ["jurisdiction.mof_div_code"],
            name=op.f("fk_jurisdiction_administrative_parent"),
        ),
        sa.ForeignKeyConstraint(
            ["fiscal_parent"],
            ["jurisdiction.mof_div_code"],
            name=op.f("fk_jurisdiction_fiscal_parent"),
        ),
        sa.ForeignKeyConstraint(
            ["host"], ["jurisdiction.mof_div_code"], name=op.f("fk_jurisdiction_host")
        ),
        sa.ForeignKeyConstraint(
            ["successor"],
            ["jurisdiction.mof_div_code"],
            name=op.f("fk_jurisdiction_successor"),
        ),
        sa.PrimaryKeyConstraint("mof_div_code", name=op.f("pk_jurisdiction")),
    )
    op.create_index(
        op.f("ix_jurisdiction_fiscal_parent"),
        "jurisdiction",
        ["fiscal_parent"],
        unique=False,
    )
    op.create_index(
        op.f("ix_jurisdiction_host"), "jurisdiction", ["host"], unique=False
    )
    op.create_index(
        op.f("ix_jurisdiction_level"), "jurisdiction", ["level"], unique=False
    )
    op.create_table(
        "release",
        sa.Column("serial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("length_bytes", sa.BigInteger(), nullable=False),
        sa.Column("rule_count", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(length=60), nullable=False),
        sa.Column("approver", sa.String(length=60), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("author <> approver", name=op.f("ck_release_two_persons")),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_release")),
        sa.UniqueConstraint("version", name=op.f("uq_release_version")),
    )
    op.create_table(
        "release_file",
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_release_file")),
    )
    op.create_table(
        "statistic",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("family", sa.String(length=20), nullable=False),
        sa.Column("measure", sa.String(length=20), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=True),
        sa.Column("rule_id", sa.String(length=40), nullable=True),
        sa.Column("rule_version", sa.Integer(), nullable=True),
        sa.Column("release_id", sa.String(length=80), nullable=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statistic")),
    )
    op.create_index(
        "ix_statistic_measure", "statistic", ["measure", "business_day"], unique=False
    )
    op.create_index(
        "ix_statistic_place",
        "statistic",
        ["mof_div_code", "business_day", "family"],
        unique=False,
    )
    op.create_table(
        "catalogue_rule",
        sa.Column("serial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rule_id", sa.String(length=40), nullable=False),
        sa.Column("family", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("warn_type", sa.String(length=16), nullable=False),
        sa.Column("trigger", sa.String(length=60), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["serial"], ["release.serial"], name=op.f("fk_catalogue_rule_serial")
        ),
        sa.PrimaryKeyConstraint("serial", "rule_id", name=op.f("pk_catalogue_rule")),
    )
    op.create_table(
        "fleet_certificate",
        sa.Column("serial", sa.String(length=50), nullable=False),
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("denied_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["mof_div_code"],
            ["fleet_node.mof_div_code"],
            name=op.f("fk_fleet_certificate_mof_div_code"),
        ),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_fleet_certificate")),
    )
    op.create_index(
        op.f("ix_fleet_certificate_mof_div_code"),
        "fleet_certificate",
        ["mof_div_code"],
        unique=False,
    )
    op.create_index(
        op.f("ix_fleet_certificate_not_after"),
        "fleet_certificate",
        ["not_after"],
        unique=False,
    )
    op.create_table(
        "fleet_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["mof_div_code"],
            ["fleet_node.mof_div_code"],
            name=op.f("fk_fleet_event_mof_div_code"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fleet_event")),
    )
    op.create_index(op.f("ix_fleet_event_kind"), "fleet_event", ["kind"], unique=False)
    op.create_index(
        op.f("ix_fleet_event_mof_div_code"),
        "fleet_event",
        ["mof_div_code"],
        unique=False,
    )
    op.create_table(
        "fleet_key",
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("signing_key", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["mof_div_code"],
            ["fleet_node.mof_div_code"],
            name=op.f("fk_fleet_key_mof_div_code"),
        ),
        sa.PrimaryKeyConstraint("mof_div_code", "epoch", name=op.f("pk_fleet_key")),
    )
    op.create_table(
        "fleet_token",
        sa.Column("token_id", sa.LargeBinary(), nullable=False),
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("issued_by", sa.String(length=100), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["mof_div_code"],
            ["fleet_node.mof_div_code"],
            name=op.f("fk_fleet_token_mof_div_code"),
        ),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_fleet_token")),
    )
    op.create_index(
        op.f("ix_fleet_token_mof_div_code"),
        "fleet_token",
        ["mof_div_code"],
        unique=False,
    )
    op.create_table(
        "release_assignment",
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("ring", sa.String(length=40), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assigned_by", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["serial"], ["release.serial"], name=op.f("fk_release_assignment_serial")
        ),
        sa.PrimaryKeyConstraint("mof_div_code", name=op.f("pk_release_assignment")),
    )
    op.create_index(
        op.f("ix_release_assignment_serial"),
        "release_assignment",
        ["serial"],
        unique=False,
    )
    op.create_table(
        "rule_draft",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("rule_id", sa.String(length=40), nullable=False),
        sa.Column("family", sa.String(length=40), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("author", sa.String(length=60), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.String(length=60), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_serial", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "reviewer <> author", name=op.f("ck_rule_draft_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["released_serial"],
            ["release.serial"],
            name=op.f("fk_rule_draft_released_serial"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_draft")),
    )
    op.create_index(
        "uq_rule_draft_waiting",
        "rule_draft",
        ["rule_id"],
        unique=True,
        postgresql_where="state IN ('in_review', 'approved')",
    )
    op.create_table(
        "statistic_day",
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("family", sa.String(length=20), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("sender_code", sa.String(length=9), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("stream", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["sender_code", "epoch", "stream", "seq"],
            ["inbox.mof_div_code", "inbox.epoch", "inbox.stream", "inbox.seq"],
            name=op.f("fk_statistic_day_sender_code_epoch_stream_seq"),
        ),
        sa.PrimaryKeyConstraint(
            "mof_div_code", "business_day", "family", name=op.f("pk_statistic_day")
        ),
    )
    op.create_table(
        "fleet_enrolment",
        sa.Column("token_id", sa.LargeBinary(), nullable=False),
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("csr_der", sa.LargeBinary(), nullable=False),
        sa.Column("signing_key", sa.LargeBinary(), nullable=False),
        sa.Column("words", sa.String(length=40), nullable=False),
        sa.Column("host_name", sa.String(length=255), nullable=False),
        sa.Column("platform", sa.String(length=255), nullable=False),
        sa.Column("agent_version", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("chain_pem", sa.LargeBinary(), nullable=True),
        sa.Column("key_statement", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["mof_div_code"],
            ["fleet_node.mof_div_code"],
            name=op.f("fk_fleet_enrolment_mof_div_code"),
        ),
        sa.ForeignKeyConstraint(
            ["token_id"],
            ["fleet_token.token_id"],
            name=op.f("fk_fleet_enrolment_token_id"),
        ),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_fleet_enrolment")),
    )
    op.create_index(
        op.f("ix_fleet_enrolment_mof_div_code"),
        "fleet_enrolment",
        ["mof_div_code"],
        unique=False,
    )
    op.create_index(
        op.f("ix_fleet_enrolment_state"), "fleet_enrolment", ["state"], unique=False
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.drop_index(op.f("ix_fleet_enrolment_state"), table_name="fleet_enrolment")
    op.drop_index(op.f("ix_fleet_enrolment_mof_div_code"), table_name="fleet_enrolment")
    op.drop_table("fleet_enrolment")
    op.drop_table("statistic_day")
    op.drop_index(
        "uq_rule_draft_waiting",
        table_name="rule_draft",
        postgresql_where="state IN ('in_review', 'approved')",
    )
    op.drop_table("rule_draft")
    op.drop_index(op.f("ix_release_assignment_serial"), table_name="release_assignment")
    op.drop_table("release_assignment")
    op.drop_index(op.f("ix_fleet_token_mof_div_code"), table_name="fleet_token")
    op.drop_table("fleet_token")
    op.drop_table("fleet_key")
    op.drop_index(op.f("ix_fleet_event_mof_div_code"), table_name="fleet_event")
    op.drop_index(op.f("ix_fleet_event_kind"), table_name="fleet_event")
    op.drop_table("fleet_event")
    op.drop_index(
        op.f("ix_fleet_certificate_not_after"), table_name="fleet_certificate"
    )
    op.drop_index(
        op.f("ix_fleet_certificate_mof_div_code"), table_name="fleet_certificate"
    )
    op.drop_table("fleet_certificate")
    op.drop_table("catalogue_rule")
    op.drop_index("ix_statistic_place", table_name="statistic")
    op.drop_index("ix_statistic_measure", table_name="statistic")
    op.drop_table("statistic")
    op.drop_table("release_file")
    op.drop_table("release")
    op.drop_index(op.f("ix_jurisdiction_level"), table_name="jurisdiction")
    op.drop_index(op.f("ix_jurisdiction_host"), table_name="jurisdiction")
    op.drop_index(op.f("ix_jurisdiction_fiscal_parent"), table_name="jurisdiction")
    op.drop_table("jurisdiction")
    op.drop_table("inbox_stream")
    op.drop_table("inbox")
    op.drop_index(op.f("ix_fleet_node_state"), table_name="fleet_node")
    op.drop_table("fleet_node")
    op.drop_table("fleet_bulletin")
    op.drop_index(op.f("ix_audit_entry_at"), table_name="audit_entry")
    op.drop_index(op.f("ix_audit_entry_actor"), table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_table("adoption_report")
    op.drop_table("adoption")
