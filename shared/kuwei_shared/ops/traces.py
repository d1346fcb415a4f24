"""Traces of errors that may be logged: what happened and where, never to whom.

PostgreSQL repeats the row it refuses, word for word, in its messages. So of an error of
the database a log line has class, code, table and constraint, and none of its text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg2
from sqlalchemy.exc import DBAPIError, StatementError
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import ExcInfo

# Local variables hold payments and secrets; they stay out of logs.
_WHOLE = ExceptionDictTransformer(show_locals=False)

Entry = dict[str, Any]  # Any: structlog's own rendering


def trace(exc_info: ExcInfo) -> list[Entry]:
    """Return an error and those behind it, with the database's words withheld."""
    spoken = {str(one): withheld(one) for one in _all(exc_info[1])}
    return [_reworded(entry, spoken) for entry in _WHOLE(exc_info)]


def withheld(error: BaseException) -> str:
    """Return what may be said of an error: all of it, unless a database raised it."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(origin, psycopg2.Error):
        named = (origin.diag.table_name, origin.diag.constraint_name)
        known = [part for part in (origin.pgcode, *named) if part]
        return " ".join(["database:", type(origin).__name__, *known])
    if isinstance(error, StatementError):
        return f"database: {type(error).__name__}"
    return str(error)


def _reworded(entry: Entry, spoken: dict[str, str]) -> Entry:
    value = entry["exc_value"]
    grouped = [
        [_reworded(one, spoken) for one in inner]
        for inner in entry.get("exceptions") or []
    ]
    return entry | {"exc_value": spoken.get(value, value), "exceptions": grouped}


def _all(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, its causes and the members of groups, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
