"""Holds as rows; reads and decisions stay inside the caller's scope."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from kuwei_node.holds.domain import Held, State, Verdict
from kuwei_node.holds.models import Hold
from kuwei_shared.identity.scope import VisibleJurisdictions


def open_for(session: Session, seqs: list[int], at: dt.datetime) -> None:
    """Open a hold for each of the given payments."""
    session.execute(
        text(
            "INSERT INTO hold (payment_seq, fiscal_year, mof_div_code, agency_code,"
            " held_at) SELECT seq, fiscal_year, mof_div_code, agency_code, :at"
            " FROM payment WHERE seq = ANY(:seqs) ON CONFLICT DO NOTHING"
        ),
        {"seqs": seqs, "at": at},
    )


def locked(
    session: Session, scope: VisibleJurisdictions, payment_seq: int
) -> Held | None:
    """Return a hold the caller may see, locked until the transaction ends."""
    found = session.scalar(
        select(Hold).where(Hold.payment_seq == payment_seq).with_for_update()
    )
    if found is None or not scope.allows(found.mof_div_code):
        return None
    return Held(
        payment_seq=found.payment_seq,
        mof_div_code=found.mof_div_code,
        agency_code=found.agency_code,
        state=State(found.state),
        held_at=found.held_at,
        decided_by=found.decided_by,
    )


def settle(session: Session, payment_seq: int, verdict: Verdict) -> None:
    """Record what a person decided about a held payment."""
    session.execute(
        update(Hold)
        .where(Hold.payment_seq == payment_seq)
        .values(
            state=verdict.state.value,
            decided_at=verdict.at,
            decided_by=verdict.by,
            reason=verdict.reason,
        )
    )
