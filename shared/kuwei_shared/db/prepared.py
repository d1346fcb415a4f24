"""Server-side prepared statements, planned once per connection.

psycopg2 sends text that PostgreSQL parses and plans each time; for a statement
with seventy rules that costs more than running it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Prepared:
    """A statement with ``$1`` … placeholders and their PostgreSQL types."""

    sql: str
    types: tuple[str, ...]

    @cached_property
    def name(self) -> str:
        """Name derived from the text: the same text is prepared once."""
        return "k" + hashlib.sha256(self.sql.encode()).hexdigest()[:20]

    def run(
        self, session: Session, *values: object, before: bytes = b""
    ) -> Sequence[tuple[Any, ...]]:
        """Execute in the session's transaction and return the rows, if any.

        Any: the columns are the statement's own; callers unpack what they select.

        Args:
            session: the open transaction.
            values: of the placeholders; a list is an array.
            before: statements sent ahead in the same message, each with its ``;``.
        """
        said = self.said(session, *values)
        cursor = session.connection().connection.cursor()
        try:
            cursor.execute(before + said)
            return list(cursor.fetchall()) if cursor.description else []
        finally:
            cursor.close()

    def is_known(self, session: Session) -> bool:
        """Tell whether the session's connection has the statement prepared."""
        return self.name in _known(session)

    def said(self, session: Session, *values: object) -> bytes:
        """Return the text that executes the statement, prepared on this connection."""
        cursor = session.connection().connection.cursor()
        try:
            if not self.is_known(session):
                types = f" ({', '.join(self.types)})" if self.types else ""
                cursor.execute(f"PREPARE {self.name}{types} AS {self.sql}")
                _known(session).add(self.name)
            marks = f" ({', '.join(['%s'] * len(values))})" if values else ""
            given = [_array(one) if isinstance(one, list) else one for one in values]
            said: bytes = cursor.mogrify(f"EXECUTE {self.name}{marks}", given)
        finally:
            cursor.close()
        return said

    def run_once(self, session: Session) -> Sequence[tuple[Any, ...]]:
        """Execute a statement without placeholders that will not come again."""
        cursor = session.connection().connection.cursor()
        try:
            cursor.execute(self.sql)
            return list(cursor.fetchall())
        finally:
            cursor.close()


class PreparedBy:
    """Statements made from something that seldom changes, remembered by its name."""

    def __init__(self, most: int = 8) -> None:
        """Remember ``most`` statements; then begin anew."""
        self._most = most
        self._made: dict[Hashable, Prepared] = {}

    def get(self, name: Hashable, make: Callable[[], Prepared]) -> Prepared:
        """Return the statement of a name, making it the first time."""
        found = self._made.get(name)
        if found is None:
            if len(self._made) >= self._most:
                self._made.clear()
            found = self._made[name] = make()
        return found


def _known(session: Session) -> set[str]:
    known: set[str] = session.connection().connection.info.setdefault("prepared", set())
    return known


def _array(values: list[Any]) -> str:
    """Return an array's text; as a list of constants it would be parsed one by one.

    Any: numbers, texts, dates or None, whichever the placeholder's type says.
    """
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)


def run_verbatim(session: Session, sql: str) -> int:
    """Execute generated SQL as it stands (no placeholders); return the row count.

    Compiled rules hold ``%`` and ``:`` inside constants, which both psycopg2 and
    SQLAlchemy would otherwise take for placeholders.
    """
    cursor = session.connection().connection.cursor()
    try:
        cursor.execute(sql)
        return int(cursor.rowcount)
    finally:
        cursor.close()
