"""Signed reports of adoption, kept until the hub acknowledges them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.orm import Session

from kuwei_node.catalogue.models import AdoptionHead, AdoptionOutbox

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


def last_seq(session: Session, epoch: int) -> int:
    """Return the last number given in an epoch; 0 before the first."""
    query = select(AdoptionHead.seq).where(AdoptionHead.epoch == epoch)
    return session.scalar(query) or 0


def last_epoch(session: Session) -> int | None:
    """Return the latest epoch reports were made in; None before the first report."""
    return session.scalar(select(func.max(AdoptionHead.epoch)))


def waiting(session: Session, epoch: int, limit: int) -> list[bytes]:
    """Return the oldest reports of an epoch not acknowledged yet, in order."""
    table = AdoptionOutbox
    query = select(table.signed).where(
        table.epoch == epoch, table.acknowledged_at.is_(None)
    )
    return list(session.scalars(query.order_by(table.seq).limit(limit)))


def take_unheard(session: Session, before: int) -> list[bytes]:
    """Take away reports of epochs that are over and the hub never took, in order."""
    table = AdoptionOutbox
    old = (table.epoch < before) & table.acknowledged_at.is_(None)
    query = select(table.signed).where(old).order_by(table.epoch, table.seq)
    found = list(session.scalars(query))
    session.execute(delete(table).where(old))
    return found


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
