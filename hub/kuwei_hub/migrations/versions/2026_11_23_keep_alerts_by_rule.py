"""keep alerts by rule beside hits."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b7e2d8405c13"
down_revision: str | None = "6f0b28d4a917"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ALERTS = """
INSERT INTO statistic_rule_sum AS kept
       (span, since, mof_div_code, rule_id, hits, alerts)
SELECT span, CAST(date_trunc(span, business_day) AS date), mof_div_code, rule_id,
       0, sum(value)
FROM statistic, unnest(ARRAY['month', 'year']) AS span
WHERE measure = 'alerts' AND rule_id IS NOT NULL
GROUP BY 1, 2, 3, 4
ON CONFLICT (span, since, mof_div_code, rule_id)
DO UPDATE SET alerts = excluded.alerts
"""


def upgrade() -> None:
    # A migration never waits long behind traffic, nor makes it wait.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.add_column(
        "statistic_rule_sum",
        sa.Column("alerts", sa.Numeric(38, 0), server_default="0", nullable=False),
    )
    # Figures may come in meanwhile, from processes that know no such sum.
    op.execute("LOCK TABLE statistic IN SHARE MODE")
    op.execute(ALERTS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.drop_column("statistic_rule_sum", "alerts")
