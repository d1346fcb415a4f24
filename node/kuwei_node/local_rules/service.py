"""How a bureau gets rules of its own.

A local rule takes two persons, is a file as the province's are, and passes the same
checks when it is proposed and again when it is approved: the release may have moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from kuwei_node.catalogue.domain import InForce, LocalRule, ProposalState, local_path
from kuwei_node.catalogue.service.tuning import LocalChanges
from kuwei_node.local_rules import store
from kuwei_node.local_rules.domain import RULE_KEYS, LocalProposal
from kuwei_shared.catalogue.checks.registry import run_checks
from kuwei_shared.catalogue.document import Table, find, parse
from kuwei_shared.catalogue.issues import Issue, refusal
from kuwei_shared.catalogue.loading import Reading, read, scalar
from kuwei_shared.identity.principal import Principal
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest

REASON_MIN, REASON_MAX = 4, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRules:
    """Rules of one bureau's own: proposed by one person, decided by another."""

    clock: Clock
    changes: LocalChanges

    def propose(
        self,
        session: Session,
        source: str,
        *,
        division: str,
        reason: str,
        by: Principal,
    ) -> LocalProposal:
        """Propose a rule file; one of a rule in force replaces it.

        Args:
            session: the open transaction.
            source: text of the file.
            division: the bureau's code, which the rule's id must name.
            reason: why the bureau needs it.
            by: who proposes.

        Raises:
            KuweiError: ``catalogue.*`` naming line and remedy, ``local_rule.*``,
                ``expression.*``, ``proposal.*``.
        """
        _require_reason(reason)
        source = source.replace("\r\n", "\n").strip() + "\n"
        rule_id = _id_of(source)
        if not rule_id.startswith(f"L-{division}-"):
            raise KuweiError(
                "local_rule.bad_id",
                f"地方规则编号须以本级区划开头,如 L-{division}-01;"
                f"现为“{rule_id[:40]}”。",
            )
        title = self._examine(session, rule_id, source)
        return self._keep(session, rule_id, title, source, reason=reason, by=by)

    def propose_end(
        self, session: Session, rule_id: str, *, reason: str, by: Principal
    ) -> LocalProposal:
        """Propose to end a local rule in force.

        Raises:
            KuweiError: ``local_rule.unknown``, ``proposal.*``.
        """
        _require_reason(reason)
        title = self._require_local(session, rule_id)
        return self._keep(session, rule_id, title, None, reason=reason, by=by)

    def approve(
        self, session: Session, number: int, *, by: Principal, note: str
    ) -> LocalProposal:
        """Put a proposed rule in force, or end it, from now on.

        Raises:
            KuweiError: ``change.one_person``, ``proposal.decided``, and what
                ``propose`` raises, by what is in force now.
        """
        found = self._waiting(session, number, by)
        if found.source is None:
            self._require_local(session, found.rule_id)
            self.changes.retire_local(
                session, found.rule_id, by=found.proposed_by, approver=by.subject
            )
        else:
            self._examine(session, found.rule_id, found.source)
            self.changes.adopt_local(
                session,
                found.source,
                rule_id=found.rule_id,
                by=found.proposed_by,
                approver=by.subject,
            )
        return self._decide(session, found, ProposalState.APPROVED, by, note)

    def refuse(
        self, session: Session, number: int, *, by: Principal, note: str
    ) -> LocalProposal:
        """Turn a proposal down, saying why.

        Raises:
            KuweiError: ``change.one_person``, ``proposal.decided``,
                ``proposal.no_note``.
        """
        if not REASON_MIN <= len(note.strip()) <= REASON_MAX:
            raise KuweiError(
                "proposal.no_note",
                f"退回须在审批意见中写明理由,{REASON_MIN}–{REASON_MAX} 个字。",
            )
        found = self._waiting(session, number, by)
        return self._decide(session, found, ProposalState.REFUSED, by, note)

    def in_force(self, session: Session) -> list[LocalRule]:
        """Return the bureau's own rules as they stand."""
        return self.changes.catalogues.local_rules(session)

    def page(
        self,
        session: Session,
        request: PageRequest,
        state: ProposalState | None = None,
    ) -> Page[LocalProposal]:
        """Return proposals, newest first; only those in a state if one is given."""
        return store.proposals(session, request, state)

    def find(self, session: Session, number: int) -> LocalProposal:
        """Return one proposal.

        Raises:
            KuweiError: ``proposal.unknown``.
        """
        found = store.proposal(session, number)
        if found is None:
            raise KuweiError(
                "proposal.unknown", "没有这份地方规则申请。", kind=Kind.MISSING
            )
        return found

    def _examine(self, session: Session, rule_id: str, source: str) -> str:
        """Check and try a rule file beside what is in force; return its title."""
        _version, files = self.changes.catalogues.standard(session)
        aside = {one.subject for one in self._standing(session).set_aside}
        beside = {
            one.path: one.source.encode()
            for one in self.in_force(session)
            if one.rule_id not in {rule_id, *aside}
        }
        path = local_path(rule_id)
        # Last, so that what it repeats of another is told of it.
        reading = read({**files, **beside, path: source.encode()})
        found = [*run_checks(reading, {}), *_unknown_keys(reading, path)]
        issues = [issue for issue in found if issue.place.path == path]
        if issues:
            raise refusal(issues)
        self.changes.try_local(session, source, rule_id=rule_id)
        return reading.catalogue.rules[rule_id].title

    def _standing(self, session: Session) -> InForce:
        return self.changes.catalogues.in_force(session)

    def _require_local(self, session: Session, rule_id: str) -> str:
        effective = self._standing(session).effective
        known = {one.rule_id for one in self.in_force(session)}
        if rule_id not in known:
            raise KuweiError(
                "local_rule.unknown",
                f"没有执行中的地方规则 {rule_id},请刷新后再看。",
                kind=Kind.MISSING,
            )
        one = effective.by_id.get(rule_id)
        return rule_id if one is None else one.rule.title

    def _keep(
        self,
        session: Session,
        rule_id: str,
        title: str,
        source: str | None,
        *,
        reason: str,
        by: Principal,
    ) -> LocalProposal:
        if store.is_waiting(session, rule_id):
            raise KuweiError(
                "proposal.waiting",
                f"规则 {rule_id} 已有待审批的申请,请先处理。",
                kind=Kind.CONFLICT,
            )
        wanted = LocalProposal(
            id=0,
            rule_id=rule_id,
            title=title,
            source=source,
            reason=reason.strip(),
            state=ProposalState.WAITING,
            proposed_by=by.subject,
            proposed_at=self.clock.now(),
        )
        return replace(wanted, id=store.add_proposal(session, wanted))

    def _waiting(self, session: Session, number: int, by: Principal) -> LocalProposal:
        found = store.locked_proposal(session, number)
        if found is None or found.state is not ProposalState.WAITING:
            raise KuweiError(
                "proposal.decided",
                "该申请不在待审批状态,请刷新后再看。",
                kind=Kind.CONFLICT,
            )
        if found.proposed_by == by.subject:
            raise KuweiError(
                "change.one_person",
                "不能审批自己提出的地方规则,请由另一人审批。",
                kind=Kind.DENIED,
            )
        return found

    def _decide(
        self,
        session: Session,
        found: LocalProposal,
        state: ProposalState,
        by: Principal,
        note: str,
    ) -> LocalProposal:
        decided = replace(
            found,
            state=state,
            decided_by=by.subject,
            decided_at=self.clock.now(),
            note=note.strip()[:REASON_MAX],
        )
        store.decide_proposal(session, decided)
        return decided


def _require_reason(reason: str) -> None:
    if not REASON_MIN <= len(reason.strip()) <= REASON_MAX:
        raise KuweiError(
            "proposal.no_reason", f"请写明理由,{REASON_MIN}–{REASON_MAX} 个字。"
        )


def _id_of(source: str) -> str:
    """Return the id a rule file says it has; raise KuweiError if it is none."""
    node = parse("规则文件", source.encode())
    if isinstance(node, Issue):
        raise refusal([node])
    said = scalar(node, "id")
    return "" if said is None else str(said.value)


def _unknown_keys(reading: Reading, path: str) -> Iterator[Issue]:
    """Yield keys no rule has: what they mean to say would be passed over."""
    node = reading.nodes.get(path)
    if isinstance(node, Table):
        for key in sorted(node.entries.keys() - RULE_KEYS):
            yield Issue(
                place=find(node, (key,)),
                code="schema",
                message=f"规则没有“{key[:40]}”这一项。",
                remedy="改正拼写,或删去这一项。",
            )
