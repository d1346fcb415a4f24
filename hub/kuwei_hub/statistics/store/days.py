"""The figures in force, one day and family at a time."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from kuwei_hub.statistics.domain import Change, change
from kuwei_hub.statistics.models import Statistic, StatisticDay
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.wire.envelope import Envelope
from kuwei_shared.wire.statistics import Daily, Figure, Measure, Stage

Columns = dict[str, str | int | dt.date | None]


def replace(
    session: Session,
    scope: VisibleJurisdictions,
    daily: Daily,
    *,
    sender_code: str,
    envelope: Envelope,
    at: dt.datetime,
) -> Change | None:
    """Put figures in force unless newer ones are.

    Returns:
        What that changed, None when newer figures stay in force.
    """
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
    place: Columns = {
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
        return None
    gone = _taken_out(session, place)
    rows = [place | _columns(one) for one in daily.figures]
    if rows:
        session.execute(insert(Statistic), rows)
    return change(gone, daily.figures)


def _taken_out(session: Session, place: Columns) -> list[Figure]:
    table = Statistic
    taken = delete(table).filter_by(**place)
    rows = session.execute(
        taken.returning(table.measure, table.stage, table.rule_id, table.value)
    )
    return [
        Figure(
            measure=Measure(row.measure),
            stage=row.stage and Stage(row.stage),
            rule_id=row.rule_id,
            value=row.value,
        )
        for row in rows
    ]


def _columns(figure: Figure) -> Columns:
    return {
        "measure": figure.measure,
        "stage": figure.stage,
        "rule_id": figure.rule_id,
        "rule_version": figure.rule_version,
        "release_id": figure.release_id,
        "value": figure.value,
    }
