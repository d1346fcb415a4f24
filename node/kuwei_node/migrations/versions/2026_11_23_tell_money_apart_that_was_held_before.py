"""tell money apart that was held before."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "93f0d6a2c7be"
down_revision: str | None = "48cbc78940fa"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration never waits long behind traffic, nor makes it wait.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.add_column(
        "intake_batch",
        sa.Column(
            "present_pay_amt",
            sa.Numeric(20, 2),
            server_default=sa.text("0"),
            nullable=False,
        ),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.drop_column("intake_batch", "present_pay_amt")
