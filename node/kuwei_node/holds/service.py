"""Releasing and refusing held payments, each by an authorised person, once."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kuwei_node.holds import store
from kuwei_node.holds.domain import Held, State, Verdict
from kuwei_node.payments.service import Ledger
from kuwei_shared.identity.principal import Principal
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError

REASON_MIN = 4


class Holds:
    """The held payments of one node."""

    def __init__(self, clock: Clock, ledger: Ledger) -> None:
        self.clock = clock
        self.ledger = ledger

    def open_for(self, session: Session, seqs: list[int]) -> None:
        """Hold payments screening decided to hold."""
        if seqs:
            store.open_for(session, seqs, self.clock.now())

    def release(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        payment_seq: int,
        *,
        by: Principal,
        reason: str,
    ) -> Held:
        """Let a held payment go on.

        Raises:
            KuweiError: ``hold.missing``, ``hold.decided`` or ``hold.no_reason``.
        """
        return self._decide(
            session, scope, payment_seq, by=by, state=State.RELEASED, reason=reason
        )

    def refuse(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        payment_seq: int,
        *,
        by: Principal,
        reason: str,
    ) -> Held:
        """Refuse a held payment; its reversal gives back what it had reserved.

        Raises:
            KuweiError: ``hold.missing``, ``hold.decided`` or ``hold.no_reason``.
        """
        hold = self._decide(
            session, scope, payment_seq, by=by, state=State.REFUSED, reason=reason
        )
        self.ledger.reverse(session, payment_seq)
        return hold

    def _decide(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        payment_seq: int,
        *,
        by: Principal,
        state: State,
        reason: str,
    ) -> Held:
        if len(reason.strip()) < REASON_MIN:
            raise KuweiError("hold.no_reason", f"请写明理由,不少于 {REASON_MIN} 个字。")
        hold = store.locked(session, scope, payment_seq)
        if hold is None:
            raise KuweiError(
                "hold.missing", "没有这笔待处理的支付。", kind=Kind.MISSING
            )
        if hold.state is not State.HELD:
            raise KuweiError(
                "hold.decided",
                f"这笔支付已由 {hold.decided_by} 处理,不能再次处理。",
                kind=Kind.CONFLICT,
            )
        verdict = Verdict(
            state=state, at=self.clock.now(), by=by.subject, reason=reason.strip()
        )
        store.settle(session, payment_seq, verdict)
        return hold
