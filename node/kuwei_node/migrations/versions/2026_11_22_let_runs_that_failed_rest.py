"""let runs that failed rest."""

from collections.abc import Sequence

from alembic import op

revision: str = "5b1d0c7e94a2"
down_revision: str | None = "0619ce97a523"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration never waits long behind traffic, nor makes it wait.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.alter_column("scheduled_run", "lease_until", new_column_name="resting_until")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.alter_column("scheduled_run", "resting_until", new_column_name="lease_until")
