"""forget what heartbeats said of releases."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "6f0b28d4a917"
down_revision: str | None = "c41d0a6b7e52"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration never waits long behind traffic, nor makes it wait.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.drop_column("fleet_node", "catalogue")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.add_column("fleet_node", sa.Column("catalogue", sa.String(80), nullable=True))
