"""Every query of the outbox and of recorded figures; no row belongs to a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from kuwei_node.uplink.domain import Day, Mark, Waiting
from kuwei_node.uplink.models import (
    Outbox,
    OutboxReceipt,
    OutboxStream,
    StatisticMark,
    StatisticRevision,
    StatisticTouch,
    UplinkStatus,
)
from kuwei_shared.wire.envelope import ZERO_SHA256
from kuwei_shared.wire.statistics import Family

TOUCHED = text(
    "WITH taken AS (DELETE FROM statistic_touch WHERE id IN"
    " (SELECT id FROM statistic_touch ORDER BY id LIMIT :limit"
    "  FOR UPDATE SKIP LOCKED) RETURNING mof_div_code, business_day)"
    " SELECT DISTINCT mof_div_code, business_day FROM taken ORDER BY 2, 1"
)
OLDEST = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
NEWEST = text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
STATUS_ROW = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The end of a stream as its next envelope continues it."""

    seq: int
    last_sha256: bytes
    running_sha256: bytes


def hold_end(session: Session, stream: str, epoch: int) -> Place:
    """Return a stream's end, locked until the business transaction ends."""
    start = {"seq": 0, "last_sha256": ZERO_SHA256, "running_sha256": ZERO_SHA256}
    session.execute(
        upsert(OutboxStream)
        .values(stream=stream, epoch=epoch, **start)
        .on_conflict_do_nothing()
    )
    row = session.execute(
        select(OutboxStream.seq, OutboxStream.last_sha256, OutboxStream.running_sha256)
        .filter_by(stream=stream, epoch=epoch)
        .with_for_update()
    ).one()
    return Place(seq=row.seq, last_sha256=row[1], running_sha256=row[2])


def append(
    session: Session,
    stream: str,
    epoch: int,
    *,
    payload: bytes,
    end: Place,
    at: dt.datetime,
) -> None:
    """Append an envelope and move the stream's end to it."""
    session.execute(
        insert(Outbox).values(
            stream=stream,
            epoch=epoch,
            seq=end.seq,
            payload=payload,
            running_sha256=end.running_sha256,
            recorded_at=at,
        )
    )
    session.execute(
        update(OutboxStream)
        .where(OutboxStream.stream == stream, OutboxStream.epoch == epoch)
        .values(
            seq=end.seq, last_sha256=end.last_sha256, running_sha256=end.running_sha256
        )
    )


def ends(session: Session, epoch: int) -> dict[str, int]:
    """Return the last number of each stream."""
    rows = session.scalars(select(OutboxStream).where(OutboxStream.epoch == epoch))
    return {row.stream: row.seq for row in rows}


def waiting(
    session: Session, stream: str, epoch: int, *, after: int, limit: int
) -> list[Waiting]:
    """Return the next envelopes of a stream."""
    rows = session.execute(
        select(Outbox.seq, Outbox.payload)
        .where(Outbox.stream == stream, Outbox.epoch == epoch, Outbox.seq > after)
        .order_by(Outbox.seq)
        .limit(limit)
    )
    return [Waiting(stream=stream, seq=seq, payload=payload) for seq, payload in rows]


def running_sha256(session: Session, stream: str, epoch: int, seq: int) -> bytes | None:
    """Return the running hash this node computed up to a number."""
    return session.scalar(
        select(Outbox.running_sha256).filter_by(stream=stream, epoch=epoch, seq=seq)
    )


def keep_receipt(
    session: Session,
    stream: str,
    epoch: int,
    *,
    upto_seq: int,
    signed: bytes,
    at: dt.datetime,
) -> None:
    """Keep the hub's word unless a later one is held."""
    values = {"upto_seq": upto_seq, "signed": signed, "received_at": at}
    session.execute(
        upsert(OutboxReceipt)
        .values(stream=stream, epoch=epoch, **values)
        .on_conflict_do_update(
            index_elements=["stream", "epoch"],
            set_=values,
            where=OutboxReceipt.upto_seq < upto_seq,
        )
    )


def receipted(session: Session, epoch: int) -> dict[str, int]:
    """Return up to which number the hub has receipted each stream."""
    rows = session.scalars(select(OutboxReceipt).where(OutboxReceipt.epoch == epoch))
    return {row.stream: row.upto_seq for row in rows}


def prune(session: Session, *, before: dt.datetime) -> None:
    """Delete receipted envelopes recorded before a moment; no others, ever."""
    session.execute(
        delete(Outbox).where(
            Outbox.recorded_at < before,
            Outbox.stream == OutboxReceipt.stream,
            Outbox.epoch == OutboxReceipt.epoch,
            Outbox.seq <= OutboxReceipt.upto_seq,
        )
    )


def depth(session: Session, epoch: int) -> int:
    """Return how many envelopes the hub has not receipted."""
    sent = receipted(session, epoch)
    return sum(seq - sent.get(one, 0) for one, seq in ends(session, epoch).items())


def touch(session: Session, days: Iterable[Day]) -> None:
    """Note days whose figures may have changed."""
    rows = [
        {"mof_div_code": day.mof_div_code, "business_day": day.business_day}
        for day in days
    ]
    if rows:
        session.execute(insert(StatisticTouch), rows)


def take_touched(session: Session, limit: int) -> list[Day]:
    """Take notes away and return the days they were about."""
    rows = session.execute(TOUCHED, {"limit": limit})
    return [Day(mof_div_code=code, business_day=day) for code, day in rows]


def mark(session: Session, source: str) -> Mark:
    """Return how far a source was counted, locked: one process counts."""
    start = upsert(StatisticMark).values(source=source, upto=0, pending_rows=0)
    session.execute(start.on_conflict_do_nothing())
    row = session.get_one(StatisticMark, source, with_for_update=True)
    return Mark(
        source=source,
        upto=row.upto,
        pending=row.pending,
        pending_rows=row.pending_rows,
        newest=row.newest,
    )


def move_mark(session: Session, to: Mark) -> None:
    """Write how far a source was counted."""
    session.execute(
        update(StatisticMark)
        .where(StatisticMark.source == to.source)
        .values(
            upto=to.upto,
            pending=to.pending,
            pending_rows=to.pending_rows,
            newest=to.newest,
        )
    )


def oldest_transaction(session: Session) -> int:
    """Return the oldest transaction still running at this moment."""
    return int(session.execute(OLDEST).scalar_one())


def newest_transaction(session: Session) -> int:
    """Return the first transaction that has not begun at this moment."""
    return int(session.execute(NEWEST).scalar_one())


def touch_recorded(session: Session) -> None:
    """Note every day that was ever recorded, for a new epoch."""
    days = select(
        StatisticRevision.mof_div_code, StatisticRevision.business_day
    ).distinct()
    names = ["mof_div_code", "business_day"]
    session.execute(insert(StatisticTouch).from_select(names, days))


def revision(session: Session, day: Day, family: Family) -> StatisticRevision | None:
    """Return the latest revision of a day's family, locked."""
    return session.get(
        StatisticRevision,
        (day.mof_div_code, day.business_day, family.value),
        with_for_update=True,
    )


def keep_revision(session: Session, row: StatisticRevision) -> None:
    """Store a day's first revision."""
    session.add(row)
    session.flush()


def status(session: Session) -> UplinkStatus | None:
    """Return how the node stands with the hub."""
    return session.get(UplinkStatus, STATUS_ROW)


def hear(session: Session, at: dt.datetime) -> None:
    """Move the moment the hub was heard last."""
    session.execute(update(UplinkStatus).values(heard_at=at))


def keep_status(session: Session, **values: str | int | dt.datetime | None) -> None:
    """Write how the node stands with the hub."""
    session.execute(
        upsert(UplinkStatus)
        .values(id=STATUS_ROW, **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )
