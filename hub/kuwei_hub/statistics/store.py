"""Every query of the inbox and the figures."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from kuwei_hub.statistics.domain import (
    SUMS_MAX,
    By,
    FigureRow,
    Head,
    InboxState,
    Question,
    Sum,
    Total,
)
from kuwei_hub.statistics.models import Inbox, InboxStream, Statistic, StatisticDay
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.wire.envelope import ZERO_SHA256, Envelope
from kuwei_shared.wire.statistics import Daily, Measure


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


def replace_day(
    session: Session,
    scope: VisibleJurisdictions,
    daily: Daily,
    *,
    sender_code: str,
    envelope: Envelope,
    at: dt.datetime,
) -> bool:
    """Put figures in force unless newer ones are; return whether they are now."""
    scope.require(daily.mof_div_code)
    values = {
        "revision": daily.revision,
        "reason": daily.reason,
        "sender_code": sender_code,
        "epoch": envelope.epoch,
        "stream": envelope.stream,
        "seq": envelope.seq,
        "received_at": at,
    }
    place = {
        "mof_div_code": daily.mof_div_code,
        "business_day": daily.business_day,
        "family": daily.family,
    }
    newer = (StatisticDay.epoch < envelope.epoch) | (
        (StatisticDay.epoch == envelope.epoch)
        & (StatisticDay.revision < daily.revision)
    )
    written = session.execute(
        upsert(StatisticDay)
        .values(**place, **values)
        .on_conflict_do_update(index_elements=list(place), set_=values, where=newer)
        .returning(StatisticDay.revision)
    ).first()
    if written is None:
        return False
    session.execute(delete(Statistic).filter_by(**place))
    rows = [
        {
            **place,
            "measure": one.measure,
            "stage": one.stage,
            "rule_id": one.rule_id,
            "rule_version": one.rule_version,
            "release_id": one.release_id,
            "value": one.value,
        }
        for one in daily.figures
    ]
    if rows:
        session.execute(insert(Statistic), rows)
    return True


def figures(
    session: Session,
    scope: VisibleJurisdictions,
    question: Question,
    page: PageRequest,
) -> Page[FigureRow]:
    """Return figures, by day and jurisdiction."""
    query = select(Statistic).where(*_asked(scope, question))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(
        query.order_by(Statistic.business_day, Statistic.mof_div_code, Statistic.id)
        .offset(page.offset)
        .limit(page.size)
    )
    return Page(rows=[_row(one) for one in rows], total=total, request=page)


def sums(
    session: Session,
    scope: VisibleJurisdictions,
    question: Question,
    by: tuple[By, ...],
) -> list[Sum]:
    """Return totals per combination, largest first, at most ``SUMS_MAX``."""
    columns = [Statistic.__table__.c[one.value] for one in by]
    total = func.sum(Statistic.value).label("total")
    query = select(*columns, total).where(*_asked(scope, question))
    rows = session.execute(
        query.group_by(*columns).order_by(total.desc(), *columns).limit(SUMS_MAX)
    )
    return [Sum(key=tuple(row[:-1]), value=int(row[-1])) for row in rows]


def totals(
    session: Session, scope: VisibleJurisdictions, question: Question
) -> list[Total]:
    """Return each measure's total, over stages and at the fullest stage."""
    columns = (Statistic.mof_div_code, Statistic.measure, Statistic.stage)
    value = func.sum(Statistic.value).label("value")
    staged = select(*columns, value).where(*_asked(scope, question)).group_by(*columns)
    each = staged.subquery()
    own = (
        select(
            each.c.measure,
            func.sum(each.c.value).label("over_stages"),
            func.max(each.c.value).label("at_one_stage"),
        )
        .group_by(each.c.mof_div_code, each.c.measure)
        .subquery()
    )
    rows = session.execute(
        select(
            own.c.measure, func.sum(own.c.over_stages), func.sum(own.c.at_one_stage)
        ).group_by(own.c.measure)
    )
    return [
        Total(measure=Measure(name), over_stages=int(over), at_one_stage=int(one))
        for name, over, one in rows
    ]


def _asked(
    scope: VisibleJurisdictions, question: Question
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        Statistic.business_day.between(question.since, question.until),
        Statistic.measure.in_(question.measures),
    ]
    if not scope.is_everything:
        conditions.append(Statistic.mof_div_code.in_(scope.codes))
    if question.jurisdictions is not None:
        conditions.append(Statistic.mof_div_code.in_(question.jurisdictions))
    if question.family is not None:
        conditions.append(Statistic.family == question.family)
    if question.rule_id is not None:
        conditions.append(Statistic.rule_id == question.rule_id)
    return conditions


def _row(one: Statistic) -> FigureRow:
    return FigureRow(
        mof_div_code=one.mof_div_code,
        business_day=one.business_day,
        measure=Measure(one.measure),
        stage=one.stage,
        rule_id=one.rule_id,
        rule_version=one.rule_version,
        release_id=one.release_id,
        value=one.value,
    )
