"""share the renewals of sessions."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "f223cc191936"
down_revision: str | None = "c4a8d17f6e30"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration never waits long behind traffic, nor makes it wait.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.create_table(
        "session_renewal",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("forget_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_session_renewal")),
    )
    op.create_index(
        op.f("ix_session_renewal_forget_at"),
        "session_renewal",
        ["forget_at"],
        unique=False,
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.drop_index(op.f("ix_session_renewal_forget_at"), table_name="session_renewal")
    op.drop_table("session_renewal")
