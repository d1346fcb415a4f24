"""Holds as rows; reads and decisions stay inside the caller's scope."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import RowMapping, select, text, update
from sqlalchemy.orm import Session

from kuwei_node.holds.domain import (
    Decided,
    Earlier,
    Held,
    QueueRow,
    QueueSearch,
    State,
    Verdict,
)
from kuwei_node.holds.models import Hold
from kuwei_shared.db.paging import Listing, page_of, within
from kuwei_shared.db.prepared import Prepared
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.pages import Page, PageRequest

_COLUMNS = (
    "h.payment_seq, h.state, h.held_at, h.decided_at, h.decided_by, h.reason,"
    " p.payment_id, p.stage, p.vou_date, p.agency_code, p.agency_name,"
    " p.payee_acct_name, p.use_des, p.pay_amt, ARRAY(SELECT t.rule_id FROM hit t"
    " WHERE t.payment_seq = h.payment_seq ORDER BY array_position("
    "ARRAY['grey', 'red', 'orange', 'yellow', 'record'], t.severity), t.rule_id)"
    " AS hits, EXISTS (SELECT FROM payment r WHERE r.payment_id = p.payment_id"
    " AND r.mof_div_code = p.mof_div_code AND r.stage = 'receipt') AS is_paid"
)
_SOURCE = (
    "hold h JOIN payment p ON p.seq = h.payment_seq AND p.fiscal_year = h.fiscal_year"
)
_ORDERS = {
    "held_at": ("h.held_at", "h.payment_seq"),
    "decided_at": ("h.decided_at", "h.payment_seq"),
    "pay_amt": ("p.pay_amt", "h.payment_seq"),
    "payment_id": ("p.payment_id", "h.payment_seq"),
    "agency_name": ("p.agency_name", "h.agency_code", "h.payment_seq"),
}


_OPEN = Prepared(
    "INSERT INTO hold (payment_seq, fiscal_year, mof_div_code, agency_code, held_at)"
    " SELECT seq, fiscal_year, mof_div_code, agency_code, $2 FROM payment"
    " WHERE seq = ANY($1) ON CONFLICT DO NOTHING",
    ("bigint[]", "timestamptz"),
)


def open_for(session: Session, seqs: list[int], at: dt.datetime) -> None:
    """Open a hold for each of the given payments."""
    _OPEN.run(session, seqs, at)


def locked(
    session: Session, scope: VisibleJurisdictions, payment_seq: int
) -> Held | None:
    """Return a hold the caller may see, locked until the transaction ends."""
    found = session.scalar(
        select(Hold).where(Hold.payment_seq == payment_seq).with_for_update()
    )
    if found is None or not scope.allows(found.mof_div_code):
        return None
    paid = session.execute(
        text(
            "SELECT payment_id, pay_amt FROM payment"
            " WHERE seq = :seq AND fiscal_year = :year"
        ),
        {"seq": found.payment_seq, "year": found.fiscal_year},
    ).one()
    return Held(
        payment_seq=found.payment_seq,
        payment_id=paid.payment_id,
        pay_amt=paid.pay_amt,
        mof_div_code=found.mof_div_code,
        agency_code=found.agency_code,
        state=State(found.state),
        held_at=found.held_at,
    )


def earlier(session: Session, payment_seq: int) -> list[Earlier]:
    """Return the request behind a voucher, if there is one."""
    rows = session.execute(
        text(
            "SELECT e.seq, h.state, NOT e.live OR e.reversed_by IS NOT NULL AS refused"
            " FROM payment p JOIN payment e ON e.payment_id = p.payment_id"
            " AND e.mof_div_code = p.mof_div_code AND e.stage = 'request'"
            " LEFT JOIN hold h ON h.payment_seq = e.seq"
            " WHERE p.seq = :seq AND p.stage = 'voucher'"
        ),
        {"seq": payment_seq},
    )
    return [
        Earlier(
            payment_seq=row.seq,
            state=None if row.state is None else State(row.state),
            is_refused=row.refused,
        )
        for row in rows
    ]


def settle(session: Session, payment_seqs: list[int], verdict: Verdict) -> None:
    """Record what a person decided about held payments."""
    session.execute(
        update(Hold)
        .where(Hold.payment_seq.in_(payment_seqs))
        .values(
            state=verdict.state.value,
            decided_at=verdict.at,
            decided_by=verdict.by,
            reason=verdict.reason,
        )
    )


def queue(
    session: Session,
    scope: VisibleJurisdictions,
    search: QueueSearch,
    request: PageRequest,
) -> Page[QueueRow]:
    """Return a page of held payments, oldest first unless asked otherwise."""
    where, values = within(scope, "h.mof_div_code")
    bound: dict[str, object] = dict(values)
    # Literals, so that the index of open holds can be used.
    states = " OR ".join(f"h.state = '{state.value}'" for state in search.states)
    where.append(f"({states})")
    if search.unit is not None:
        where.append("(h.agency_code = :unit OR strpos(p.agency_name, :unit) > 0)")
        bound["unit"] = search.unit
    if search.rule_id is not None:
        where.append(
            "EXISTS (SELECT FROM hit t WHERE t.payment_seq = h.payment_seq"
            " AND t.rule_id = :rule_id)"
        )
        bound["rule_id"] = search.rule_id
    listing = Listing(
        columns=_COLUMNS,
        source=_SOURCE,
        where=where,
        values=bound,
        orders=_ORDERS,
        default="held_at",
    )
    return page_of(session, listing, request, _queued)


def decided(
    session: Session, scope: VisibleJurisdictions, payment_seq: int
) -> Decided | None:
    """Return the hold of a payment and what was decided, None if never held."""
    found = session.get(Hold, payment_seq)
    if found is None or not scope.allows(found.mof_div_code):
        return None
    return Decided(
        payment_seq=found.payment_seq,
        state=State(found.state),
        held_at=found.held_at,
        decided_at=found.decided_at,
        decided_by=found.decided_by,
        reason=found.reason,
    )


def waiting(
    session: Session, scope: VisibleJurisdictions
) -> tuple[int, dt.datetime | None]:
    """Return how many payments wait for a person, and since when the oldest does."""
    allowed, values = within(scope, "mof_div_code")
    where = " AND ".join(["state = 'held'", *allowed])
    row = session.execute(
        text(f"SELECT count(*), min(held_at) FROM hold WHERE {where}"), values
    ).one()
    return int(row[0]), row[1]


def _queued(row: RowMapping) -> QueueRow:
    return QueueRow(**{**row, "state": State(row["state"])})
