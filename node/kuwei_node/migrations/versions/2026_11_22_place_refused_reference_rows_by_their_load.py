"""place refused reference rows by their load."""

from collections.abc import Sequence

from alembic import op

revision: str = "2a82fa2b0212"
down_revision: str | None = "8e6414e5e5b6"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration never waits long behind traffic, nor makes it wait.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.execute(
        "UPDATE reference_reject r SET mof_div_code = l.mof_div_code"
        " FROM reference_load l WHERE l.id = r.load_id AND r.mof_div_code IS NULL"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    # Nothing to undo: the column goes with the revision before.
