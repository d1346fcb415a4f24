"""tell each step of a release once."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e7b3905c1d48"
down_revision: str | None = "f223cc191936"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = {
    "told_version": sa.Text(),
    "told_state": sa.String(16),
    "told_failure": sa.Text(),
    "told_doubt": sa.Text(),
}


def upgrade() -> None:
    # A migration never waits long behind traffic, nor makes it wait.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    for name, kind in COLUMNS.items():
        column = sa.Column(name, kind, server_default="", nullable=False)
        op.add_column("catalogue_state", column)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    for name in reversed(COLUMNS):
        op.drop_column("catalogue_state", name)
