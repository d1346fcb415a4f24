"""Changing a parameter takes two persons: one proposes, another decides.

A proposal is checked when it is made, so that nobody is asked to approve what the
province forbids, and again when it is approved, because bounds may have moved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from kuwei_node.catalogue.domain import Proposal, ProposalState, tuned_value
from kuwei_node.catalogue.service.tuning import LocalChanges
from kuwei_node.catalogue.store import tunings
from kuwei_shared.identity.principal import Principal
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest

TEXT_MIN, TEXT_MAX = 4, 500
VALUE_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposals:
    """Proposed changes of one bureau."""

    clock: Clock
    changes: LocalChanges

    def propose(
        self,
        session: Session,
        rule_id: str,
        param: str,
        *,
        value: str | None,
        reason: str,
        by: Principal,
    ) -> int:
        """Propose a value, or None to return to the province's; return its number.

        Raises:
            KuweiError: ``tuning.*`` naming the bound, ``proposal.no_reason``,
                ``proposal.waiting``.
        """
        self._check(session, rule_id, param, value)
        if not TEXT_MIN <= len(reason.strip()) <= TEXT_MAX:
            raise KuweiError(
                "proposal.no_reason", f"请写明调整理由,{TEXT_MIN}–{TEXT_MAX} 个字。"
            )
        if tunings.waiting_proposal(session, rule_id, param) is not None:
            raise KuweiError(
                "proposal.waiting",
                f"规则 {rule_id} 的该参数已有待审批的调整,请先处理。",
                kind=Kind.CONFLICT,
            )
        proposal = Proposal(
            id=0,
            rule_id=rule_id,
            param=param,
            value=value,
            reason=reason.strip(),
            state=ProposalState.WAITING,
            proposed_by=by.subject,
            proposed_at=self.clock.now(),
            decided_by=None,
            decided_at=None,
            note="",
        )
        return tunings.add_proposal(session, proposal)

    def approve(
        self, session: Session, proposal_id: int, *, by: Principal, note: str
    ) -> Proposal:
        """Put a proposed value in force.

        Raises:
            KuweiError: ``change.one_person``, ``proposal.decided``, ``tuning.*``.
        """
        found = self._waiting(session, proposal_id, by)
        if found.value is None:
            self.changes.untune(
                session,
                found.rule_id,
                found.param,
                by=found.proposed_by,
                approver=by.subject,
            )
        else:
            self.changes.tune(
                session,
                found.rule_id,
                found.param,
                found.value,
                by=found.proposed_by,
                approver=by.subject,
            )
        return self._decide(session, found, ProposalState.APPROVED, by, note)

    def refuse(
        self, session: Session, proposal_id: int, *, by: Principal, note: str
    ) -> Proposal:
        """Turn a proposal down, saying why.

        Raises:
            KuweiError: ``change.one_person``, ``proposal.decided``,
                ``proposal.no_note``.
        """
        if not TEXT_MIN <= len(note.strip()) <= TEXT_MAX:
            raise KuweiError(
                "proposal.no_note",
                f"退回须在审批意见中写明理由,{TEXT_MIN}–{TEXT_MAX} 个字。",
            )
        found = self._waiting(session, proposal_id, by)
        return self._decide(session, found, ProposalState.REFUSED, by, note)

    def page(
        self,
        session: Session,
        request: PageRequest,
        state: ProposalState | None = None,
    ) -> Page[Proposal]:
        """Return proposals, newest first; only those in a state if one is given."""
        return tunings.proposals(session, request, state)

    def _check(
        self, session: Session, rule_id: str, param: str, value: str | None
    ) -> None:
        effective = self.changes.catalogues.current(session).by_id.get(rule_id)
        if effective is None or param not in effective.rule.params:
            raise KuweiError(
                "tuning.unknown",
                f"现行目录中没有规则 {rule_id} 的参数 {param}。",
                kind=Kind.MISSING,
            )
        if value is not None:
            tuned_value(rule_id, effective.rule.params[param], value[:VALUE_MAX])

    def _waiting(self, session: Session, proposal_id: int, by: Principal) -> Proposal:
        found = tunings.locked_proposal(session, proposal_id)
        if found is None or found.state is not ProposalState.WAITING:
            raise KuweiError(
                "proposal.decided",
                "该调整不在待审批状态,请刷新后再看。",
                kind=Kind.CONFLICT,
            )
        if found.proposed_by == by.subject:
            raise KuweiError(
                "change.one_person",
                "不能审批自己提出的调整,请由另一人审批。",
                kind=Kind.DENIED,
            )
        return found

    def _decide(
        self,
        session: Session,
        found: Proposal,
        state: ProposalState,
        by: Principal,
        note: str,
    ) -> Proposal:
        decided = replace(
            found,
            state=state,
            decided_by=by.subject,
            decided_at=self.clock.now(),
            note=note.strip()[:TEXT_MAX],
        )
        tunings.decide_proposal(session, decided)
        return decided
