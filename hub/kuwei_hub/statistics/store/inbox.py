"""Every query of the inbox: streams, and the envelopes they came in."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from kuwei_hub.statistics.domain import Head, InboxState
from kuwei_hub.statistics.models import Inbox, InboxStream
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.wire.envelope import ZERO_SHA256, Envelope


def head(
    session: Session,
    scope: VisibleJurisdictions,
    *,
    code: str,
    epoch: int,
    stream: str,
) -> Head:
    """Return the end of a stream, locked until the transaction ends."""
    scope.require(code)
    key = {"mof_div_code": code, "epoch": epoch, "stream": stream}
    start = {"seq": 0, "last_sha256": ZERO_SHA256, "running_sha256": ZERO_SHA256}
    session.execute(upsert(InboxStream).values(**key, **start).on_conflict_do_nothing())
    row = session.execute(
        select(InboxStream.seq, InboxStream.last_sha256, InboxStream.running_sha256)
        .filter_by(**key)
        .with_for_update()
    ).one()
    return Head(seq=row.seq, last_sha256=row[1], running_sha256=row[2])


def heads(
    session: Session, scope: VisibleJurisdictions, code: str, epoch: int
) -> dict[str, Head]:
    """Return the end of each of a node's streams."""
    scope.require(code)
    rows = session.scalars(
        select(InboxStream).where(
            InboxStream.mof_div_code == code, InboxStream.epoch == epoch
        )
    )
    return {
        row.stream: Head(
            seq=row.seq, last_sha256=row.last_sha256, running_sha256=row.running_sha256
        )
        for row in rows
    }


def move_head(session: Session, code: str, envelope: Envelope, to: Head) -> None:
    """Write the new end of a stream whose row this transaction holds."""
    session.execute(
        update(InboxStream)
        .where(
            InboxStream.mof_div_code == code,
            InboxStream.epoch == envelope.epoch,
            InboxStream.stream == envelope.stream,
        )
        .values(
            seq=to.seq, last_sha256=to.last_sha256, running_sha256=to.running_sha256
        )
    )


def held_sha256(
    session: Session, scope: VisibleJurisdictions, code: str, envelope: Envelope
) -> bytes | None:
    """Return the hash of what is held under an envelope's number."""
    scope.require(code)
    return session.scalar(
        select(Inbox.payload_sha256).where(
            Inbox.mof_div_code == code,
            Inbox.epoch == envelope.epoch,
            Inbox.stream == envelope.stream,
            Inbox.seq == envelope.seq,
        )
    )


def keep(
    session: Session,
    code: str,
    envelope: Envelope,
    *,
    payload_sha256: bytes,
    signed: bytes,
    at: dt.datetime,
) -> None:
    """Append an envelope to the inbox."""
    session.execute(
        insert(Inbox).values(
            mof_div_code=code,
            epoch=envelope.epoch,
            stream=envelope.stream,
            seq=envelope.seq,
            message_id=envelope.message_id,
            payload_sha256=payload_sha256,
            signed=signed,
            state=InboxState.UNREAD,
            received_at=at,
        )
    )


def mark(
    session: Session,
    code: str,
    envelope: Envelope,
    state: InboxState,
    refusal: str | None,
) -> None:
    """Note what could be done with an envelope just kept."""
    session.execute(
        update(Inbox)
        .where(
            Inbox.mof_div_code == code,
            Inbox.epoch == envelope.epoch,
            Inbox.stream == envelope.stream,
            Inbox.seq == envelope.seq,
        )
        .values(state=state, code=refusal)
    )
