"""Rules of this node's own."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from kuwei_node.catalogue.domain import (
    LocalRule,
)
from kuwei_node.catalogue.models import (
    LocalRuleRow,
)


def in_force(session: Session, at: dt.datetime | None = None) -> list[LocalRule]:
    """Return local rules in force now, or at a moment."""
    query = select(LocalRuleRow).order_by(LocalRuleRow.rule_id)
    if at is None:
        query = query.where(LocalRuleRow.until_at.is_(None))
    else:
        ended = or_(LocalRuleRow.until_at.is_(None), LocalRuleRow.until_at > at)
        query = query.where(LocalRuleRow.from_at <= at, ended)
    return [
        LocalRule(
            rule_id=row.rule_id,
            version=row.version,
            source=row.source,
            proposed_by=row.proposed_by,
            approved_by=row.approved_by,
            from_at=row.from_at,
        )
        for row in session.scalars(query)
    ]


def last_version(session: Session, rule_id: str) -> int:
    """Return the highest version a local rule ever had, 0 for a new one."""
    table = LocalRuleRow
    return (
        session.scalar(select(func.max(table.version)).where(table.rule_id == rule_id))
        or 0
    )


def end(session: Session, rule_id: str, now: dt.datetime) -> None:
    """End a local rule, if it is in force."""
    session.execute(
        update(LocalRuleRow)
        .where(LocalRuleRow.rule_id == rule_id, LocalRuleRow.until_at.is_(None))
        .values(until_at=now)
    )


def add(session: Session, rule: LocalRule) -> None:
    """Record a local rule."""
    session.add(
        LocalRuleRow(
            rule_id=rule.rule_id,
            version=rule.version,
            source=rule.source,
            proposed_by=rule.proposed_by,
            approved_by=rule.approved_by,
            from_at=rule.from_at,
        )
    )
    session.flush()  # so that the edition's readers find it
