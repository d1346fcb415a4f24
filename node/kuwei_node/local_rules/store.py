"""Proposals of local rules."""

from __future__ import annotations

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from kuwei_node.catalogue.domain import ProposalState
from kuwei_node.local_rules.domain import LocalProposal
from kuwei_node.local_rules.models import LocalRuleProposal
from kuwei_shared.kernel.pages import Page, PageRequest


def add_proposal(session: Session, proposal: LocalProposal) -> int:
    """Record a proposal; return its number."""
    values = {name: getattr(proposal, name) for name in _FIELDS if name != "id"}
    made = insert(LocalRuleProposal).values(values).returning(LocalRuleProposal.id)
    return int(session.execute(made).scalar_one())


def locked_proposal(session: Session, number: int) -> LocalProposal | None:
    """Return a proposal, locked until the transaction ends."""
    row = session.get(LocalRuleProposal, number, with_for_update=True)
    return None if row is None else _proposal(row)


def proposal(session: Session, number: int) -> LocalProposal | None:
    """Return a proposal."""
    row = session.get(LocalRuleProposal, number)
    return None if row is None else _proposal(row)


def is_waiting(session: Session, rule_id: str) -> bool:
    """Tell whether a proposal on a rule waits for a decision."""
    waiting = select(LocalRuleProposal.id).where(
        LocalRuleProposal.rule_id == rule_id,
        LocalRuleProposal.state == ProposalState.WAITING,
    )
    return session.scalar(waiting) is not None


def decide_proposal(session: Session, decided: LocalProposal) -> None:
    """Record the decision on a proposal."""
    session.execute(
        update(LocalRuleProposal)
        .where(LocalRuleProposal.id == decided.id)
        .values(
            state=decided.state,
            decided_by=decided.decided_by,
            decided_at=decided.decided_at,
            note=decided.note,
        )
    )


def proposals(
    session: Session, request: PageRequest, state: ProposalState | None
) -> Page[LocalProposal]:
    """Return proposals, newest first unless asked otherwise."""
    where = [] if state is None else [LocalRuleProposal.state == state]
    moment = LocalRuleProposal.id
    order = moment.asc() if request.sort == "proposed_at" else moment.desc()
    query = select(LocalRuleProposal).where(*where).order_by(order)
    rows = session.scalars(query.offset(request.offset).limit(request.size))
    total = session.scalar(
        select(func.count()).select_from(LocalRuleProposal).where(*where)
    )
    return Page(rows=[_proposal(r) for r in rows], total=total or 0, request=request)


_FIELDS = LocalProposal.__dataclass_fields__


def _proposal(row: LocalRuleProposal) -> LocalProposal:
    values = {name: getattr(row, name) for name in _FIELDS}
    return LocalProposal(**values | {"state": ProposalState(row.state)})
