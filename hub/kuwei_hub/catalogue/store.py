"""Queries of the standard catalogue; it is public, so nothing here takes a scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from sqlalchemy.orm import Session, defer

from kuwei_hub.catalogue.domain import DraftRow, DraftState, RuleRow, RuleSearch
from kuwei_hub.catalogue.models import CatalogueRule, RuleDraft
from kuwei_shared.db.paging import ranked
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.rules.model import Severity, Status

SORTS = {
    "rule_id": CatalogueRule.rule_id,
    "title": CatalogueRule.title,
    "severity": ranked(CatalogueRule.severity, Severity),
    "status": ranked(CatalogueRule.status, Status),
    "family": CatalogueRule.family,
}


def add_draft(session: Session, row: DraftRow) -> int:
    """Record a draft; return its number."""
    draft = RuleDraft(
        rule_id=row.rule_id,
        family=row.family,
        source=row.source,
        state=row.state,
        author=row.author,
        evidence=row.evidence,
        note="",
        created_at=row.created_at,
    )
    session.add(draft)
    session.flush()  # gives the number
    return draft.id


def draft(session: Session, draft_id: int) -> DraftRow | None:
    """Return a draft, locked against a second reviewer."""
    query = select(RuleDraft).where(RuleDraft.id == draft_id).with_for_update()
    row = session.scalar(query)
    return None if row is None else _as_draft(row)


def waiting_draft(session: Session, rule_id: str) -> DraftRow | None:
    """Return the draft of a rule that is in review or approved."""
    query = select(RuleDraft).where(RuleDraft.rule_id == rule_id, _waiting())
    row = session.scalar(query)
    return None if row is None else _as_draft(row)


def approved(session: Session) -> list[DraftRow]:
    """Return the drafts the next release takes in; one per rule at most."""
    query = select(RuleDraft).where(RuleDraft.state == DraftState.APPROVED)
    return [_as_draft(row) for row in session.scalars(query.order_by(RuleDraft.id))]


def drafts(session: Session, request: PageRequest) -> Page[DraftRow]:
    """Return drafts, newest first."""
    query = select(RuleDraft).order_by(RuleDraft.id.desc())
    rows = session.scalars(query.offset(request.offset).limit(request.size))
    total = session.scalar(select(func.count()).select_from(RuleDraft)) or 0
    return Page(rows=[_as_draft(row) for row in rows], total=total, request=request)


def decide(
    session: Session,
    draft_id: int,
    state: DraftState,
    *,
    reviewer: str,
    note: str,
    now: dt.datetime,
) -> None:
    """Record a reviewer's decision."""
    session.execute(
        update(RuleDraft)
        .where(RuleDraft.id == draft_id)
        .values(state=state, reviewer=reviewer, note=note, reviewed_at=now)
    )


def mark_released(session: Session, draft_ids: list[int], serial: int) -> None:
    """Mark drafts as part of a release."""
    session.execute(
        update(RuleDraft)
        .where(RuleDraft.id.in_(draft_ids))
        .values(state=DraftState.RELEASED, released_serial=serial)
    )


def add_rules(session: Session, rows: Iterable[tuple[RuleRow, str]]) -> None:
    """Record the rules of a release, with their texts."""
    values = [
        {name: getattr(row, name) for name in RuleRow.__slots__} | {"source": source}
        for row, source in rows
    ]
    session.execute(insert(CatalogueRule), values)


def newest_serial(session: Session) -> int | None:
    """Return the newest release that has rules."""
    return session.scalar(select(func.max(CatalogueRule.serial)))


def rules(
    session: Session, serial: int, search: RuleSearch, request: PageRequest
) -> Page[RuleRow]:
    """Return rules of a release that match."""
    query = (
        select(CatalogueRule)
        .where(CatalogueRule.serial == serial, *_conditions(search))
        .options(defer(CatalogueRule.source))
    )
    found = session.scalars(
        query.order_by(_order(request), CatalogueRule.rule_id)
        .offset(request.offset)
        .limit(request.size)
    )
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    return Page(rows=[_as_rule(row) for row in found], total=total, request=request)


def rule(session: Session, serial: int, rule_id: str) -> tuple[RuleRow, str] | None:
    """Return a rule of a release with its text."""
    row = session.get(CatalogueRule, (serial, rule_id))
    return None if row is None else (_as_rule(row), row.source)


def history(session: Session, rule_id: str, request: PageRequest) -> Page[RuleRow]:
    """Return a rule in every release that holds it, newest first."""
    query = select(CatalogueRule).where(CatalogueRule.rule_id == rule_id)
    newest = query.order_by(CatalogueRule.serial.desc())
    found = session.scalars(newest.offset(request.offset).limit(request.size))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    return Page(rows=[_as_rule(row) for row in found], total=total, request=request)


def titles(session: Session, rule_ids: Collection[str]) -> dict[str, str]:
    """Return what rules are called in the newest release that holds each."""
    table = CatalogueRule
    query = select(table.rule_id, table.title).where(table.rule_id.in_(rule_ids))
    # The title of a later release takes the place of an earlier one's.
    rows = session.execute(query.order_by(table.serial))
    return {row.rule_id: row.title for row in rows}


def families(session: Session, serial: int) -> list[str]:
    """Return the families of a release's rules."""
    query = select(CatalogueRule.family).where(CatalogueRule.serial == serial)
    return list(session.scalars(query.distinct().order_by(CatalogueRule.family)))


def _waiting() -> ColumnElement[bool]:
    return RuleDraft.state.in_((DraftState.IN_REVIEW, DraftState.APPROVED))


def _conditions(search: RuleSearch) -> list[ColumnElement[bool]]:
    table = CatalogueRule
    exact = (
        (table.family, search.family),
        (table.severity, search.severity),
        (table.status, search.status),
    )
    conditions = [column == wanted for column, wanted in exact if wanted]
    for word in search.words.split()[:8]:
        texts = (table.rule_id, table.title, table.basis, table.source)
        conditions.append(
            or_(*(text.icontains(word, autoescape=True) for text in texts))
        )
    return conditions


def _order(request: PageRequest) -> ColumnElement[Any]:  # Any: what is ordered by
    name = request.sort or "rule_id"
    column = SORTS.get(name.removeprefix("-"))
    if column is None:
        raise KuweiError(
            "page.bad_sort", f"规则清单不能按 {name} 排序。", kind=Kind.INVALID
        )
    return column.desc() if name.startswith("-") else column.asc()


def _as_draft(row: RuleDraft) -> DraftRow:
    return DraftRow(
        id=row.id,
        rule_id=row.rule_id,
        family=row.family,
        source=row.source,
        state=DraftState(row.state),
        author=row.author,
        evidence=row.evidence,
        reviewer=row.reviewer,
        note=row.note,
        created_at=row.created_at,
        reviewed_at=row.reviewed_at,
        released_serial=row.released_serial,
    )


def _as_rule(row: CatalogueRule) -> RuleRow:
    return RuleRow(**{name: getattr(row, name) for name in RuleRow.__slots__})
