"""Signed reports of adoption, kept until the hub acknowledges them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, or_, select, text, update
from sqlalchemy.orm import Session

from kuwei_node.catalogue.models import (
    AdoptionOutbox,
)

_NEXT = """
INSERT INTO adoption_head AS head (epoch, seq) VALUES (:epoch, 1)
ON CONFLICT (epoch) DO UPDATE SET seq = head.seq + 1 RETURNING seq
"""


def next_seq(session: Session, epoch: int) -> int:
    """Return the next number of a report; the row lock keeps the series gap-free."""
    found = session.execute(text(_NEXT), {"epoch": epoch}).scalar_one()
    return int(found)


def add(session: Session, epoch: int, seq: int, signed: bytes) -> None:
    """Keep a signed report until it is acknowledged."""
    session.add(AdoptionOutbox(epoch=epoch, seq=seq, signed=signed))


def waiting(session: Session, limit: int) -> list[bytes]:
    """Return the oldest reports not acknowledged yet, in order."""
    table = AdoptionOutbox
    query = select(table.signed).where(table.acknowledged_at.is_(None))
    return list(session.scalars(query.order_by(table.epoch, table.seq).limit(limit)))


def acknowledge(
    session: Session, epoch: int, seq: int, *, now: dt.datetime, keep: dt.timedelta
) -> None:
    """Note what the hub holds; forget what it has held for long."""
    table = AdoptionOutbox
    held = or_(table.epoch < epoch, (table.epoch == epoch) & (table.seq <= seq))
    session.execute(
        update(table)
        .where(held, table.acknowledged_at.is_(None))
        .values(acknowledged_at=now)
    )
    session.execute(delete(table).where(table.acknowledged_at < now - keep))


def send_again(session: Session, epoch: int, seq: int) -> int:
    """Wait once more for word on reports from a number on; return how many."""
    table = AdoptionOutbox
    lost = (table.epoch == epoch) & (table.seq >= seq)
    found = session.execute(
        update(table).where(lost).values(acknowledged_at=None).returning(table.seq)
    )
    return len(found.all())
