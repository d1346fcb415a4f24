"""Tuned parameters, and proposals to tune them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from kuwei_node.catalogue.domain import (
    Proposal,
    ProposalState,
    Tuning,
)
from kuwei_node.catalogue.models import (
    RuleTuning,
    TuningProposal,
)
from kuwei_shared.kernel.pages import Page, PageRequest


def in_force(session: Session, at: dt.datetime | None = None) -> list[Tuning]:
    """Return tunings in force now, or at a moment."""
    query = select(RuleTuning).order_by(RuleTuning.rule_id, RuleTuning.param)
    if at is None:
        query = query.where(RuleTuning.until_at.is_(None))
    else:
        ended = or_(RuleTuning.until_at.is_(None), RuleTuning.until_at > at)
        query = query.where(RuleTuning.from_at <= at, ended)
    return [
        Tuning(
            rule_id=row.rule_id,
            param=row.param,
            value=row.value,
            proposed_by=row.proposed_by,
            approved_by=row.approved_by,
            from_at=row.from_at,
        )
        for row in session.scalars(query)
    ]


def end(session: Session, rule_id: str, param: str, now: dt.datetime) -> None:
    """End the tuning of a parameter, if there is one."""
    session.execute(
        update(RuleTuning)
        .where(
            RuleTuning.rule_id == rule_id,
            RuleTuning.param == param,
            RuleTuning.until_at.is_(None),
        )
        .values(until_at=now)
    )


def add(session: Session, tuning: Tuning) -> None:
    """Record a tuning."""
    session.add(
        RuleTuning(
            rule_id=tuning.rule_id,
            param=tuning.param,
            value=tuning.value,
            proposed_by=tuning.proposed_by,
            approved_by=tuning.approved_by,
            from_at=tuning.from_at,
        )
    )
    session.flush()  # so that the edition's readers find it


def add_proposal(session: Session, proposal: Proposal) -> int:
    """Record a proposal; return its number."""
    row = TuningProposal(
        rule_id=proposal.rule_id,
        param=proposal.param,
        value=proposal.value,
        reason=proposal.reason,
        state=proposal.state,
        proposed_by=proposal.proposed_by,
        proposed_at=proposal.proposed_at,
        note=proposal.note,
    )
    session.add(row)
    session.flush()
    return row.id


def locked_proposal(session: Session, proposal_id: int) -> Proposal | None:
    """Return a proposal, locked until the transaction ends."""
    row = session.get(TuningProposal, proposal_id, with_for_update=True)
    return None if row is None else _as_proposal(row)


def waiting_proposal(session: Session, rule_id: str, param: str) -> Proposal | None:
    """Return the proposal on a parameter that waits for a decision, if any."""
    row = session.scalar(
        select(TuningProposal).where(
            TuningProposal.rule_id == rule_id,
            TuningProposal.param == param,
            TuningProposal.state == ProposalState.WAITING,
        )
    )
    return None if row is None else _as_proposal(row)


def decide_proposal(session: Session, decided: Proposal) -> None:
    """Record the decision on a proposal."""
    session.execute(
        update(TuningProposal)
        .where(TuningProposal.id == decided.id)
        .values(
            state=decided.state,
            decided_by=decided.decided_by,
            decided_at=decided.decided_at,
            note=decided.note,
        )
    )


def proposals(
    session: Session, request: PageRequest, state: ProposalState | None = None
) -> Page[Proposal]:
    """Return proposals, newest first unless asked otherwise."""
    where = [] if state is None else [TuningProposal.state == state]
    moment = TuningProposal.id
    order = moment.asc() if request.sort == "proposed_at" else moment.desc()
    query = select(TuningProposal).where(*where).order_by(order)
    rows = session.scalars(query.offset(request.offset).limit(request.size))
    total = session.scalar(
        select(func.count()).select_from(TuningProposal).where(*where)
    )
    found = [_as_proposal(row) for row in rows]
    return Page(rows=found, total=total or 0, request=request)


def _as_proposal(row: TuningProposal) -> Proposal:
    return Proposal(
        id=row.id,
        rule_id=row.rule_id,
        param=row.param,
        value=row.value,
        reason=row.reason,
        state=ProposalState(row.state),
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        note=row.note,
    )
