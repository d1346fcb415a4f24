"""Refunds, corrections and reversals take back no more than their original paid."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kuwei_node.screening.domain import Excess
from kuwei_shared.db.prepared import Prepared

# The original is looked for at the credit's own stage first: a refund may come as a
# bank receipt of what is known as a voucher only. Of a credit no more than itself can
# be taken back, so that a chain of them cannot exceed what its first paid.
_EXCESSIVE = Prepared(
    "SELECT c.payment_id, c.orig_payment_id, c.mof_div_code, o.is_elsewhere, o.amount,"
    " b.back FROM payment c"
    " CROSS JOIN LATERAL (SELECT coalesce("
    " max(p.pay_amt) FILTER (WHERE p.stage = c.stage), max(p.pay_amt)) AS amount,"
    " bool_or(p.mof_div_code <> c.mof_div_code) AS is_elsewhere"
    " FROM payment p WHERE p.payment_id = c.orig_payment_id) o"
    " CROSS JOIN LATERAL (SELECT sum(r.pay_amt) AS back FROM payment r"
    " WHERE r.orig_payment_id = c.orig_payment_id AND r.stage = c.stage"
    " AND r.entry_kind <> 'normal' AND r.live AND r.reversed_by IS NULL) b"
    " WHERE c.seq = ANY($1) AND c.reversed_by IS NULL AND o.amount IS NOT NULL"
    " AND CASE WHEN o.is_elsewhere THEN true"
    " WHEN o.amount >= 0 THEN o.amount + b.back < 0"
    " ELSE o.amount + b.back > 0 OR b.back < 0 END"
    " ORDER BY c.seq LIMIT 1",
    ("bigint[]",),
)


def excess(session: Session, seqs: list[int]) -> Excess | None:
    """Return the first of some credits that takes back too much, if one does.

    One whose original the ledger does not hold has nothing to be measured by.
    """
    rows = _EXCESSIVE.run(session, seqs)
    return Excess(*rows[0]) if rows else None
