"""One request, one call, one task is one transaction; this is who commits.

Services and stores receive the open Session and never commit: an architecture
test searches for it. Leaving the block without an error commits, with one rolls
back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import psycopg2.errors
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from kuwei_shared.db import row_security
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.errors import Kind, KuweiError

RETRY_AFTER_S = 2
_OUTAGES = (
    PoolTimeout,
    psycopg2.OperationalError,
    psycopg2.InterfaceError,
    # The driver files these two under internal errors; the server ended the session.
    psycopg2.errors.IdleInTransactionSessionTimeout,
    psycopg2.errors.TransactionTimeout,
)
# SQLSTATE class 54, which the driver files under operational errors.
_LIMITS = "54"


class UnitOfWork:
    """Opens transactions on one engine.

    Example::

        with unit_of_work.begin() as session:
            service.adopt(session, release)
    """

    def __init__(self, engine: Engine, role: str | None = None) -> None:
        self.engine = engine
        self.role = role

    @contextmanager
    def begin(self, scope: VisibleJurisdictions | None = None) -> Iterator[Session]:
        """Open a transaction; commit on leaving, roll back on error.

        Args:
            scope: given, row-level security shows these jurisdictions only, as
                the unprivileged ``role`` if the unit of work has one.

        Raises:
            KuweiError: ``database.busy`` when no connection is free in time, or the
                database went away, was too slow or chose this transaction as the
                victim of a deadlock. Whether a commit it cut off took effect is
                unknown: whoever tries again must do so idempotently.
        """
        try:
            with self._connected(scope) as session:
                yield session
        except (PoolTimeout, DBAPIError, psycopg2.Error) as error:
            if not _is_outage(error):
                raise
            raise KuweiError(
                "database.busy",
                "系统繁忙,数据库暂不可用,请稍后重试。",
                kind=Kind.UNAVAILABLE,
                retry_after_s=RETRY_AFTER_S,
            ) from error

    @contextmanager
    def _connected(self, scope: VisibleJurisdictions | None) -> Iterator[Session]:
        with (
            self.engine.connect() as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            try:
                if scope is not None:
                    row_security.enter(session, scope, self.role)
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise


def was_too_slow(error: BaseException) -> bool:
    """Tell whether a unit of work ended because one of its own statements took long."""
    cause = error.__cause__ if isinstance(error, KuweiError) else error
    driver = cause.orig if isinstance(cause, DBAPIError) else cause
    return isinstance(driver, psycopg2.errors.QueryCanceled)


def _is_outage(error: BaseException) -> bool:
    """Tell a database that is away or too slow from a statement that is wrong."""
    # Prepared statements run on the driver itself, so its own errors come too.
    cause = error.orig if isinstance(error, DBAPIError) else error
    if _breaks_a_limit(cause):
        return False
    if isinstance(cause, _OUTAGES):
        return True
    # A server killed in mid-sentence leaves no SQLSTATE to choose a class by.
    return type(cause) is psycopg2.DatabaseError and cause.pgcode is None


def _breaks_a_limit(cause: BaseException | None) -> bool:
    """Tell what no waiting mends: more than a row, an index or a statement can hold."""
    return isinstance(cause, psycopg2.Error) and (cause.pgcode or "").startswith(
        _LIMITS
    )
