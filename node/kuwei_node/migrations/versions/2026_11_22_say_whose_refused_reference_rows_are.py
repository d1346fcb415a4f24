"""say whose refused reference rows are."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "8e6414e5e5b6"
down_revision: str | None = "d491fd145e72"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration never waits long behind traffic, nor makes it wait.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.add_column(
        "reference_reject", sa.Column("mof_div_code", sa.Text(), nullable=True)
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    # The wall stands on the column.
    op.execute("DROP POLICY IF EXISTS reference_reject_scope ON reference_reject")
    op.execute("ALTER TABLE reference_reject DISABLE ROW LEVEL SECURITY")
    op.drop_column("reference_reject", "mof_div_code")
