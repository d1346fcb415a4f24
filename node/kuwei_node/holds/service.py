"""Releasing and refusing held payments, each by an authorised person, once."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from kuwei_node.holds import store
from kuwei_node.holds.domain import (
    Decided,
    Held,
    QueueRow,
    QueueSearch,
    State,
    Verdict,
)
from kuwei_node.payments.service import Ledger
from kuwei_shared.identity.principal import Principal
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest

REASON_MAX = 500
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
            KuweiError: ``hold.missing``, ``hold.decided``, ``hold.no_reason``, or
                ``hold.earlier_stage`` while its request is held, or once refused.
        """
        self._lock(session, payment_seq, reason)
        hold = _waiting(store.locked(session, scope, payment_seq))
        if any(one.is_stopped for one in store.earlier(session, payment_seq)):
            raise KuweiError(
                "hold.earlier_stage",
                "这笔支付的申请尚在暂缓或已被拒付,凭证不能放行;请先处理支付申请,"
                "或拒付本凭证。",
                kind=Kind.CONFLICT,
            )
        verdict = self._verdict(State.RELEASED, by, reason)
        store.settle(session, [payment_seq], verdict)
        return hold

    def refuse(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        payment_seq: int,
        *,
        by: Principal,
        reason: str,
    ) -> Held:
        """Refuse a held payment; reversals give back what it had reserved.

        Its earlier stages are reversed with it, and if held, refused with it.

        Raises:
            KuweiError: ``hold.missing``, ``hold.decided`` or ``hold.no_reason``.
        """
        self._lock(session, payment_seq, reason)
        hold = _waiting(store.locked(session, scope, payment_seq))
        before = [
            one.payment_seq
            for one in store.earlier(session, payment_seq)
            if one.state is State.HELD
        ]
        verdict = self._verdict(State.REFUSED, by, reason)
        store.settle(session, [*before, payment_seq], verdict)
        self.ledger.reverse(session, payment_seq)
        return hold

    def queue(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        search: QueueSearch,
        request: PageRequest,
    ) -> Page[QueueRow]:
        """Return held payments, oldest first."""
        return store.queue(session, scope, search, request)

    def decided(
        self, session: Session, scope: VisibleJurisdictions, payment_seq: int
    ) -> Decided | None:
        """Return the hold of a payment and what was decided, None if never held."""
        return store.decided(session, scope, payment_seq)

    def waiting(
        self, session: Session, scope: VisibleJurisdictions
    ) -> tuple[int, dt.datetime | None]:
        """Return how many payments wait, and since when the oldest does."""
        return store.waiting(session, scope)

    def _lock(self, session: Session, payment_seq: int, reason: str) -> None:
        """Check the reason, and let no screening and no other decision interfere."""
        if not REASON_MIN <= len(reason.strip()) <= REASON_MAX:
            raise KuweiError(
                "hold.no_reason",
                f"请写明理由,{REASON_MIN}–{REASON_MAX} 个字。",
            )
        self.ledger.lock_stages(session, payment_seq)

    def _verdict(self, state: State, by: Principal, reason: str) -> Verdict:
        return Verdict(
            state=state, at=self.clock.now(), by=by.subject, reason=reason.strip()
        )


def _waiting(hold: Held | None) -> Held:
    if hold is None:
        raise KuweiError("hold.missing", "没有这笔待处理的支付。", kind=Kind.MISSING)
    if hold.state is not State.HELD:
        raise KuweiError(
            "hold.decided",
            "这笔支付刚才已经处理,不能再次处理;结果见“已处理”。",
            kind=Kind.CONFLICT,
        )
    return hold
