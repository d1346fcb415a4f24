"""Operators' verbs on a fresh database, and the audit log they leave behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner, Result
from sqlalchemy import Row, create_engine, text

from kuwei_shared.audit.ledger import AuditLedger
from kuwei_shared.db.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """Types verbs of one service; each builds the service from its settings."""

    verbs: click.Group
    ledger: AuditLedger
    settings: dict[str, str]

    def type(self, *arguments: str | Path, **settings: str) -> Result:
        """Run one verb, as a person would; ``settings`` differ for it alone."""
        typed = [str(argument) for argument in arguments]
        env = self.settings | settings
        return CliRunner().invoke(self.verbs, typed, env=env)

    def do(self, *arguments: str | Path) -> None:
        """Run a verb that must succeed."""
        result = self.type(*arguments)
        assert result.exit_code == 0, (result.output, result.exception)

    def acts(self) -> list[tuple[str, str]]:
        """Return what the log says was done, on what, oldest first."""
        return [(row.act, row.about) for row in self._rows("SELECT * FROM audit_entry")]

    def details(self) -> list[dict[str, str | int]]:
        """Return what was noted with each act, oldest first."""
        return [row.details for row in self._rows("SELECT * FROM audit_entry")]

    def actors(self) -> set[tuple[str, str]]:
        """Return subject and name of everybody in the log."""
        rows = self._rows("SELECT seq, actor, actor_name FROM audit_entry")
        return {(row.actor, row.actor_name) for row in rows}

    def fault(self) -> int | None:
        """Return where the chain breaks, None if it is whole."""
        engine = create_engine(self.settings["KUWEI_DATABASE_URL"])
        with UnitOfWork(engine).begin() as session:
            found = self.ledger.check(session).fault
        engine.dispose()
        return found

    def run(self, sql: str, **values: object) -> None:
        """Change the database behind the service's back."""
        engine = create_engine(self.settings["KUWEI_DATABASE_URL"])
        with engine.begin() as connection:
            connection.execute(text(sql), values)
        engine.dispose()

    def one(self, sql: str, **values: object) -> object:
        """Return the one value a query finds."""
        engine = create_engine(self.settings["KUWEI_DATABASE_URL"])
        with engine.connect() as connection:
            found: object = connection.execute(text(sql), values).scalar_one()
        engine.dispose()
        return found

    def _rows(self, sql: str) -> list[Row[Any]]:  # Any: columns vary by query
        engine = create_engine(self.settings["KUWEI_DATABASE_URL"])
        with engine.connect() as connection:
            found = list(connection.execute(text(f"{sql} ORDER BY seq")))
        engine.dispose()
        return found
