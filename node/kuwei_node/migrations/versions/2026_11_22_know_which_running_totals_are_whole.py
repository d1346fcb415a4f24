"""know which running totals are whole."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "d491fd145e72"
down_revision: str | None = "d72f925a72e7"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration never waits long behind traffic, nor makes it wait.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    # Those kept so far were begun with the whole ledger in one transaction.
    op.add_column(
        "running_total_kind",
        sa.Column(
            "is_whole", sa.Boolean(), server_default=sa.text("true"), nullable=False
        ),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.drop_column("running_total_kind", "is_whole")
