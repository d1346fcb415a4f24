"""keep sums of figures."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c41d0a6b7e52"
down_revision: str | None = "8a94f7b7eaf5"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MONTHS = """
    INSERT INTO statistic_sum
    SELECT 'month', CAST(date_trunc('month', business_day) AS date), mof_div_code,
      coalesce(stage, '-'),
      coalesce(sum(value) FILTER (WHERE measure = 'payments'), 0),
      coalesce(sum(value) FILTER (WHERE measure = 'amount_fen'), 0),
      coalesce(sum(value) FILTER (WHERE measure = 'paid_fen'), 0),
      coalesce(sum(value) FILTER (WHERE measure = 'screened'), 0),
      coalesce(sum(value) FILTER (WHERE measure = 'held'), 0),
      coalesce(sum(value) FILTER (WHERE measure = 'rejected'), 0),
      coalesce(sum(value) FILTER (WHERE measure = 'undetermined'), 0),
      coalesce(sum(value) FILTER (WHERE measure = 'errors'), 0),
      coalesce(sum(value) FILTER (WHERE measure = 'alerts'), 0)
    FROM statistic WHERE measure NOT IN ('hits', 'screened_by_release')
    GROUP BY 1, 2, 3, 4
"""
RULES = """
    INSERT INTO statistic_rule_sum
    SELECT 'month', CAST(date_trunc('month', business_day) AS date), mof_div_code,
      rule_id, sum(value)
    FROM statistic WHERE measure = 'hits' AND rule_id IS NOT NULL GROUP BY 1, 2, 3, 4
"""
YEARS = """
    INSERT INTO statistic_sum
    SELECT 'year', CAST(date_trunc('year', since) AS date), mof_div_code, stage,
      sum(payments), sum(amount_fen), sum(paid_fen), sum(screened), sum(held),
      sum(rejected), sum(undetermined), sum(errors), sum(alerts)
    FROM statistic_sum GROUP BY 1, 2, 3, 4
"""
RULE_YEARS = """
    INSERT INTO statistic_rule_sum
    SELECT 'year', CAST(date_trunc('year', since) AS date), mof_div_code, rule_id,
      sum(hits)
    FROM statistic_rule_sum GROUP BY 1, 2, 3, 4
"""


def upgrade() -> None:
    # It never waits long behind traffic; figures wait for it, see below.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.create_table(
        "statistic_sum",
        sa.Column("span", sa.String(length=5), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column(
            "payments", sa.Numeric(38, 0), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "amount_fen", sa.Numeric(38, 0), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "paid_fen", sa.Numeric(38, 0), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "screened", sa.Numeric(38, 0), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "held", sa.Numeric(38, 0), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "rejected", sa.Numeric(38, 0), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "undetermined",
            sa.Numeric(38, 0),
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column(
            "errors", sa.Numeric(38, 0), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "alerts", sa.Numeric(38, 0), server_default=sa.text("0"), nullable=False
        ),
        sa.PrimaryKeyConstraint(
            "span", "since", "mof_div_code", "stage", name=op.f("pk_statistic_sum")
        ),
    )
    op.create_table(
        "statistic_rule_sum",
        sa.Column("span", sa.String(length=5), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("mof_div_code", sa.String(length=9), nullable=False),
        sa.Column("rule_id", sa.String(length=40), nullable=False),
        sa.Column(
            "hits", sa.Numeric(38, 0), server_default=sa.text("0"), nullable=False
        ),
        sa.PrimaryKeyConstraint(
            "span",
            "since",
            "mof_div_code",
            "rule_id",
            name=op.f("pk_statistic_rule_sum"),
        ),
    )
    op.create_index(
        "ix_statistic_rule_sum_rule",
        "statistic_rule_sum",
        ["rule_id", "span", "since"],
        unique=False,
    )
    # None may be in a day and not in its sums: figures that arrive meanwhile wait five
    # seconds, are refused with database.busy, and are handed in again by their nodes.
    op.execute("LOCK TABLE statistic IN SHARE MODE")
    for statement in (MONTHS, RULES, YEARS, RULE_YEARS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.drop_index("ix_statistic_rule_sum_rule", table_name="statistic_rule_sum")
    op.drop_table("statistic_rule_sum")
    op.drop_table("statistic_sum")
