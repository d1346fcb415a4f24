"""Shutting a node out at once, and letting it in again by two persons.

Suspending must be fast: a stolen machine is cut off by whoever learns of it first.
Reinstating admits, and nobody admits alone (wire.md b.4): one person asks, another
decides. What was said stands in the node's events, which are only ever appended.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from kuwei_hub.fleet import store
from kuwei_hub.fleet.domain import ADMITTED, EventKind, NodeState, Suspension, Word
from kuwei_hub.fleet.models import FleetEvent, FleetNode
from kuwei_shared.identity.scope import VisibleJurisdictions, of_jurisdictions
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError

REASON_MIN, REASON_MAX = 4, 200
SPOKEN = (
    EventKind.SUSPENDED,
    EventKind.REINSTATEMENT_ASKED,
    EventKind.REINSTATEMENT_REFUSED,
    EventKind.REINSTATED,
)
# A node set suspended in the table itself: nobody said why, and two must reinstate it.
UNSAID = Word(by="", at=None, reason="")


class Suspensions:
    """Suspends and reinstates nodes; ``by`` is the subject of who does it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def suspend(self, session: Session, code: str, *, by: str, reason: str) -> None:
        """Deny a node on every call from now on, until it is reinstated.

        Args:
            session: the open transaction.
            code: the node.
            by: who suspends.
            reason: 4–200 characters; the node is told.

        Raises:
            KuweiError: ``node.no_reason``, ``node.unknown``; ``node.not_admitted``
                for a node nobody approved, and for one that retired: reinstating it
                would admit it.
        """
        said, node = _reason(reason), self._node(session, code)
        if node.state not in ADMITTED:
            raise KuweiError(
                "node.not_admitted",
                f"节点 {code} 未在使用,无须停用。",
                kind=Kind.CONFLICT,
            )
        node.state = NodeState.SUSPENDED
        self._record(session, code, EventKind.SUSPENDED, by, said)

    def ask(self, session: Session, code: str, *, by: str, reason: str) -> None:
        """Ask to let a suspended node in again.

        Raises:
            KuweiError: ``node.no_reason``, ``node.not_suspended``,
                ``reinstatement.asked`` when a request waits already.
        """
        said, asked = _reason(reason), self._suspended(session, code).asked
        if asked is not None:
            raise KuweiError(
                "reinstatement.asked",
                f"节点 {code} 已有恢复申请,待另一人批准或退回。",
                kind=Kind.CONFLICT,
            )
        self._record(session, code, EventKind.REINSTATEMENT_ASKED, by, said)

    def approve(self, session: Session, code: str, *, by: str) -> None:
        """Let a node in again, as somebody who did not ask for it.

        Raises:
            KuweiError: ``node.not_suspended``, ``reinstatement.none``,
                ``reinstatement.one_person``.
        """
        asked = self._asked(session, code, by)
        # Its next Hello makes it active, as after an enrolment.
        self._node(session, code).state = NodeState.APPROVED
        self._record(session, code, EventKind.REINSTATED, by, asked.reason)

    def refuse(self, session: Session, code: str, *, by: str, reason: str) -> None:
        """Turn a request down, as somebody who did not make it; the node stays out.

        Raises:
            KuweiError: as ``approve``, and ``node.no_reason``.
        """
        said = _reason(reason)
        self._asked(session, code, by)
        self._record(session, code, EventKind.REINSTATEMENT_REFUSED, by, said)

    def of_node(
        self, session: Session, scope: VisibleJurisdictions, code: str
    ) -> Suspension | None:
        """Return why a node is out; None for one that is not suspended."""
        node = store.node(session, scope, code)
        if node is None or node.state != NodeState.SUSPENDED:
            return None
        begun = store.said(session, scope, code, [EventKind.SUSPENDED])
        latest = store.said(session, scope, code, SPOKEN)
        said = UNSAID if begun is None else _word(begun)
        if latest is None or latest.kind != EventKind.REINSTATEMENT_ASKED:
            return Suspension(said=said)
        return Suspension(said=said, asked=_word(latest))

    def _asked(self, session: Session, code: str, by: str) -> Word:
        asked = self._suspended(session, code).asked
        if asked is None:
            raise KuweiError(
                "reinstatement.none",
                f"节点 {code} 没有待批准的恢复申请,请先由一人提出。",
                kind=Kind.CONFLICT,
            )
        if asked.by == by:
            raise KuweiError(
                "reinstatement.one_person",
                "不能办理自己提出的恢复申请,请由另一人批准或退回。",
                kind=Kind.DENIED,
            )
        return asked

    def _suspended(self, session: Session, code: str) -> Suspension:
        self._node(session, code)
        found = self.of_node(session, of_jurisdictions([code]), code)
        if found is None:
            raise KuweiError(
                "node.not_suspended", f"节点 {code} 并未停用。", kind=Kind.CONFLICT
            )
        return found

    def _node(self, session: Session, code: str) -> FleetNode:
        """Return the node, locked: two persons deciding at once queue up here."""
        node = store.node(session, of_jurisdictions([code]), code, lock=True)
        if node is None:
            raise KuweiError("node.unknown", f"节点 {code} 未登记。", kind=Kind.MISSING)
        return node

    def _record(
        self, session: Session, code: str, kind: EventKind, actor: str, note: str
    ) -> None:
        store.record(session, code, kind, actor=actor, note=note, at=self._clock.now())


def _reason(said: str) -> str:
    reason = " ".join(said.split())
    if not REASON_MIN <= len(reason) <= REASON_MAX:
        raise KuweiError(
            "node.no_reason", f"请写明理由,{REASON_MIN}–{REASON_MAX} 个字。"
        )
    return reason


def _word(event: FleetEvent) -> Word:
    return Word(by=event.actor, at=event.at, reason=event.note)
