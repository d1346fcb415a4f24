"""A fence around statements made from rules: their failure harms nothing else.

A compiled rule may fail on data nobody thought of (an overflow, a statement that
never ends). Inside the fence that undoes its own statements alone; an outage of the
database is not the rule's fault and passes through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2 import errorcodes
from sqlalchemy.orm import Session

from kuwei_shared.db.prepared import Prepared, run_verbatim

_BLAMED_CLASSES = (
    errorcodes.CLASS_DATA_EXCEPTION,
    errorcodes.CLASS_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION,
    errorcodes.CLASS_PROGRAM_LIMIT_EXCEEDED,
)

_CLOSING = "RELEASE SAVEPOINT fence; SET LOCAL statement_timeout TO DEFAULT"


class StatementFaultError(Exception):
    """A fenced statement failed by its own fault; the transaction goes on.

    Attributes:
        is_late: it was stopped by its time limit.
    """

    def __init__(self, message: str, *, is_late: bool) -> None:
        super().__init__(message)
        self.is_late = is_late


@contextmanager
def fenced(session: Session, limit_ms: int | None = None) -> Iterator[None]:
    """Run the block's statements as one that may fail alone.

    Args:
        session: the open transaction.
        limit_ms: time limit of each statement; None keeps the connection's.

    Raises:
        StatementFaultError: a statement failed on its data, its text or its time;
            nothing of the block remains.
    """
    run_verbatim(session, _opening(limit_ms))
    with _blamed(session):
        yield
    run_verbatim(session, _CLOSING)


def _opening(limit_ms: int | None) -> str:
    limit = "DEFAULT" if limit_ms is None else f"{limit_ms:d}"
    return f"SAVEPOINT fence; SET LOCAL statement_timeout TO {limit};"


@contextmanager
def _blamed(session: Session) -> Iterator[None]:
    """Undo what a statement did that failed by its own fault, and say so."""
    try:
        yield
    except psycopg2.Error as error:
        code = error.pgcode or ""
        is_late = code == errorcodes.QUERY_CANCELED
        if not is_late and not code.startswith(_BLAMED_CLASSES):
            raise
        run_verbatim(session, "ROLLBACK TO SAVEPOINT fence; RELEASE SAVEPOINT fence")
        raise StatementFaultError(str(error).strip(), is_late=is_late) from error


def run_fenced(
    session: Session, prepared: Prepared, *values: object, limit_ms: int
) -> Sequence[tuple[Any, ...]]:
    """Execute one prepared statement behind a fence, in as few messages as can be.

    Any: the columns are the statement's own.

    Raises:
        StatementFaultError: as ``fenced``.
    """
    if not prepared.is_known(session):
        # Preparing it may fail as well.
        with fenced(session, limit_ms):
            return prepared.run(session, *values)
    with _blamed(session):
        rows = prepared.run(session, *values, before=_opening(limit_ms).encode())
    run_verbatim(session, _CLOSING)
    return rows
