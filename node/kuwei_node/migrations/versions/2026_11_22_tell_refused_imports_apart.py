"""tell refused imports apart."""

from collections.abc import Sequence

from alembic import op

revision: str = "c4a8d17f6e30"
down_revision: str | None = "5b1d0c7e94a2"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration never waits long behind traffic, nor makes it wait.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.alter_column("intake_order", "lease_until", new_column_name="resting_until")
    # What was imported before says from now on what became of it.
    op.execute(
        "UPDATE intake_file SET state = CASE WHEN rows_accepted = 0 THEN 'refused'"
        " ELSE 'partly' END WHERE rows_rejected > 0"
        " AND (state = 'done' OR (state = 'differs' AND rows_accepted = 0))"
    )
    op.execute(
        "UPDATE intake_import i SET state = CASE WHEN f.accepted = 0 THEN 'refused'"
        " ELSE 'partly' END FROM (SELECT import_id, sum(rows_accepted) AS accepted,"
        " bool_or(state = 'refused') AS any_refused, bool_or(state IN ('refused',"
        " 'partly')) AS any_partly FROM intake_file GROUP BY import_id) f"
        " WHERE f.import_id = i.id AND ((i.state = 'done' AND f.any_partly)"
        " OR (i.state = 'differs' AND f.any_refused AND f.accepted = 0))"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    gone = "SET state = 'done' WHERE state IN ('partly', 'refused')"
    for update in ("UPDATE intake_file", "UPDATE intake_import"):
        op.execute(f"{update} {gone}")
    op.alter_column("intake_order", "resting_until", new_column_name="lease_until")
