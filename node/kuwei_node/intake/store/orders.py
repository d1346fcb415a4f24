"""The worker's queue: which ordered import is run next, and by whom.

A claim is a row with a lease, so losing Redis or a worker loses nothing.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text
from sqlalchemy.orm import Session

from kuwei_node.intake.domain.progress import Order

ATTEMPTS_MAX = 5


def add(session: Session, import_id: int, at: dt.datetime) -> None:
    """Order an import to be run."""
    session.execute(
        text("INSERT INTO intake_order (import_id, ordered_at) VALUES (:id, :at)"),
        {"id": import_id, "at": at},
    )


def claim(session: Session, at: dt.datetime, lease: dt.timedelta) -> Order | None:
    """Claim the oldest order nobody holds, for the length of a lease."""
    row = session.execute(
        text(
            "UPDATE intake_order SET attempt = attempt + 1, lease_until = :until"
            " WHERE import_id = (SELECT import_id FROM intake_order"
            " WHERE finished_at IS NULL AND attempt < :most"
            " AND (lease_until IS NULL OR lease_until < :at)"
            " ORDER BY import_id LIMIT 1 FOR UPDATE SKIP LOCKED)"
            " RETURNING import_id, attempt"
        ),
        {"at": at, "until": at + lease, "most": ATTEMPTS_MAX},
    ).first()
    return None if row is None else Order(import_id=row.import_id, attempt=row.attempt)


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
