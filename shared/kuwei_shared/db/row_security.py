"""Row-level security: the wall behind the scope type.

Tables with ``mof_div_code`` get a policy that compares it with the transaction's
``kuwei.scope``; a transaction that sets none sees no row. Owners and superusers
bypass policies, so the application connects, or switches, to a role that owns
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from contextlib import contextmanager

from sqlalchemy import MetaData, text
from sqlalchemy.orm import Session

from kuwei_shared.db.prepared import run_verbatim
from kuwei_shared.identity.scope import EVERYTHING, VisibleJurisdictions, of_service

COLUMN = "mof_div_code"
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def policy_ddl(table: str, column: str = COLUMN) -> list[str]:
    """Return the statements that put a table behind the wall.

    The setting is read, and taken apart, in sub-selects: PostgreSQL does so once per
    statement and looks codes up by hash. A province has well over a thousand of them.
    """
    _require_name(table)
    _require_name(column)
    # A custom setting left by an earlier transaction reads as '', not as NULL.
    setting = "coalesce(current_setting('kuwei.scope', true), '')"
    whole = f"{setting} = '{EVERYTHING}'"
    named = f"{setting} NOT IN ('', '{EVERYTHING}')"
    codes = f"unnest((CASE WHEN {named} THEN {setting} ELSE '{{}}' END)::text[])"
    test = f"((SELECT {whole}) OR {column} IN (SELECT {codes}))"
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"DROP POLICY IF EXISTS {table}_scope ON {table}",
        f"CREATE POLICY {table}_scope ON {table} USING {test} WITH CHECK {test}",
    ]


def wall_ddl(metadata: MetaData, present: Container[str]) -> list[str]:
    """Return the statements that put every table with a jurisdiction behind the wall.

    Args:
        metadata: a service's tables.
        present: tables that exist and have the column; others are left for a later
            revision.
    """
    return [
        statement
        for table in metadata.sorted_tables
        if COLUMN in table.columns and table.name in present
        for statement in policy_ddl(table.name)
    ]


def role_ddl(role: str) -> list[str]:
    """Return the statements that make a role which owns nothing and may work.

    Audit tables keep their append-only trigger; this role never gets TRUNCATE. It
    reaches partitions through their table alone, for policies hang on that one.
    Where an owner may make no roles, the server's administrator has made this one.
    """
    _require_name(role)
    tables = "ALL TABLES IN SCHEMA public"
    # Roles are the server's: several services may want the same one at once.
    create = (
        "DO $$ BEGIN"
        f" IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')"
        f" THEN CREATE ROLE {role} NOLOGIN; END IF;"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    parts = (
        "SELECT oid FROM pg_class WHERE relispartition AND relkind IN ('r', 'p')"
        " AND relnamespace = 'public'::regnamespace"
    )
    revoke = f"EXECUTE 'REVOKE ALL ON ' || part || ' FROM {role}'"
    close = (
        f"DO $$ DECLARE part regclass; BEGIN FOR part IN {parts}"
        f" LOOP {revoke}; END LOOP; END $$"
    )
    return [
        create,
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {role}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
        close,
    ]


def enter(
    session: Session, scope: VisibleJurisdictions, role: str | None = None
) -> None:
    """Give the open transaction a scope, and optionally the unprivileged role."""
    session.execute(
        text("SELECT set_config('kuwei.scope', :scope, true)"),
        {"scope": scope.setting},
    )
    if role is not None:
        _require_name(role)
        session.execute(text(f"SET LOCAL ROLE {role}"))


@contextmanager
def own_sight(session: Session) -> Iterator[None]:
    """Let the block read as the service does, then as the caller again.

    For what must come out the same whoever asks, once the caller may ask at all. It
    is for reading: what the block writes is undone.
    """
    run_verbatim(session, "SAVEPOINT own_sight")
    try:
        run_verbatim(session, "RESET ROLE")
        enter(session, of_service())
        yield
    finally:
        # Settings made since a savepoint end with it, after an error too.
        run_verbatim(
            session, "ROLLBACK TO SAVEPOINT own_sight; RELEASE SAVEPOINT own_sight"
        )


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(name)
