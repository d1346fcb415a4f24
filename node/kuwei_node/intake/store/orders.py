"""The worker's queue: which ordered import is run next, and by whom.

Who runs an import holds a lock as long as its process lives and is connected: a
worker that is gone holds nothing, and losing Redis loses nothing.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text
from sqlalchemy.orm import Session

from kuwei_node.intake.domain.progress import Order

ORDER_LOCK = 4
"""First half of the keys of advisory locks on orders; the import is the second."""
ATTEMPTS_MAX = 5
_KEYS = f"{ORDER_LOCK:d}, CAST({{0}} % 2147483647 AS integer)"
# The lock is tried row by row, oldest first, and no further than the first free one.
_HOLD = text(
    "SELECT o.import_id FROM (SELECT import_id FROM intake_order"
    " WHERE finished_at IS NULL"
    " AND (resting_until IS NULL OR resting_until <= :at)"
    " ORDER BY import_id LIMIT 1000) o WHERE pg_try_advisory_xact_lock"
    f"({_KEYS.format('o.import_id')}) LIMIT 1"
)
_HOLD_ONE = text(f"SELECT pg_advisory_xact_lock({_KEYS.format(':id')})")
ABANDONED = (
    "i.state IN ('waiting', 'running') AND NOT EXISTS (SELECT FROM intake_order o"
    " WHERE o.import_id = i.id AND o.finished_at IS NULL)"
    " AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory'"
    f" AND l.granted AND l.classid = {ORDER_LOCK:d} AND l.objsubid = 2"
    " AND CAST(l.objid AS bigint) = i.id % 2147483647 AND l.database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
"""Whether nobody is at an import ``i`` any more, and nobody will be."""


def add(session: Session, import_id: int, at: dt.datetime) -> None:
    """Order an import to be run."""
    session.execute(
        text("INSERT INTO intake_order (import_id, ordered_at) VALUES (:id, :at)"),
        {"id": import_id, "at": at},
    )


def hold(session: Session, at: dt.datetime) -> int | None:
    """Lock the oldest order nobody holds until this transaction ends.

    The transaction writes nothing and may stay open as long as the import takes.
    """
    _stay(session)
    found = session.execute(_HOLD, {"at": at}).scalar()
    return None if found is None else int(found)


def hold_one(session: Session, import_id: int) -> None:
    """Lock an import nobody ordered until this transaction ends, as ``hold`` does."""
    _stay(session)
    session.execute(_HOLD_ONE, {"id": import_id})


def _stay(session: Session) -> None:
    session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def claim(session: Session, import_id: int) -> Order | None:
    """Begin an attempt at a held order; None if it was finished meanwhile."""
    row = session.execute(
        text(
            "UPDATE intake_order SET attempt = attempt + 1"
            " WHERE import_id = :id AND finished_at IS NULL"
            " RETURNING import_id, attempt"
        ),
        {"id": import_id},
    ).first()
    return None if row is None else Order(import_id=row.import_id, attempt=row.attempt)


def rest(session: Session, order: Order, until: dt.datetime) -> None:
    """Leave an order alone until a moment."""
    session.execute(
        text(
            "UPDATE intake_order SET resting_until = :until"
            " WHERE import_id = :id AND attempt = :attempt AND finished_at IS NULL"
        ),
        {"until": until, "id": order.import_id, "attempt": order.attempt},
    )


def finish(
    session: Session, order: Order, at: dt.datetime, failure: str | None
) -> None:
    """Close an order, unless a later attempt holds it."""
    session.execute(
        text(
            "UPDATE intake_order SET finished_at = :at, failure = :failure"
            " WHERE import_id = :id AND attempt = :attempt AND finished_at IS NULL"
        ),
        {
            "at": at,
            "failure": failure,
            "id": order.import_id,
            "attempt": order.attempt,
        },
    )
