"""Refunds, corrections and reversals take back no more than their original paid."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kuwei_node.payments.service import LOCK_KEYS
from kuwei_node.screening.domain import Excess
from kuwei_shared.db.prepared import Prepared

# The original is looked for at the credit's own stage first: a refund may come as a
# bank receipt of what is known as a voucher only. A receipt may name what only an
# earlier stage said.
_OWN = "(p.stage = c.stage OR c.stage = 'receipt')"
_PLACE = ", ".join(
    f"CASE WHEN c.{name} IS NOT NULL AND NOT coalesce(CASE"
    f" WHEN bool_or(p.stage = c.stage) THEN bool_or({_OWN} AND p.{name} = c.{name})"
    f" ELSE bool_or(p.{name} = c.{name}) END, false) THEN '{name}' END"
    for name in LOCK_KEYS
)
_SAME_PLACE = " AND ".join(
    f"r.{name} IS NOT DISTINCT FROM c.{name}" for name in LOCK_KEYS
)
# Of a credit no more than itself can be taken back, so that a chain of them cannot
# exceed what its first paid. What was corrected upwards elsewhere makes no room here.
# What adds may lie anywhere: it uses room up where it lies.
_EXCESSIVE = Prepared(
    "SELECT c.payment_id, c.orig_payment_id, c.mof_div_code, o.is_elsewhere,"
    " CASE WHEN c.pay_amt <= 0 THEN o.apart ELSE '{}' END,"
    " o.amount, CASE WHEN o.amount >= 0 THEN b.back_here ELSE b.back END"
    " FROM payment c CROSS JOIN LATERAL (SELECT coalesce("
    " max(p.pay_amt) FILTER (WHERE p.stage = c.stage), max(p.pay_amt)) AS amount,"
    " bool_or(p.mof_div_code <> c.mof_div_code) AS is_elsewhere,"
    f" array_remove(ARRAY[{_PLACE}], NULL) AS apart"
    " FROM payment p WHERE p.payment_id = c.orig_payment_id) o"
    " CROSS JOIN LATERAL (SELECT sum(r.pay_amt) AS back,"
    f" sum(r.pay_amt) FILTER (WHERE r.pay_amt <= 0 OR {_SAME_PLACE}) AS back_here"
    " FROM payment r WHERE r.orig_payment_id = c.orig_payment_id"
    " AND r.stage = c.stage AND r.entry_kind <> 'normal' AND r.live"
    " AND (r.reversed_by IS NULL OR r.seq = c.seq)) b"
    " WHERE c.seq = ANY($1) AND c.entry_kind <> 'normal' AND o.amount IS NOT NULL"
    " AND CASE WHEN o.is_elsewhere THEN true"
    " WHEN o.amount < 0 THEN o.amount + b.back > 0 OR b.back < 0"
    " OR c.pay_amt <= 0 AND o.apart <> '{}'"
    " WHEN c.pay_amt > 0 THEN false"
    " ELSE o.apart <> '{}' OR o.amount + b.back_here < 0 END"
    " ORDER BY c.seq LIMIT 1",
    ("bigint[]",),
)


def excess(session: Session, seqs: list[int]) -> Excess | None:
    """Return the first of some credits that takes back too much, if one does.

    One whose original the ledger does not hold has nothing to be measured by.
    """
    rows = _EXCESSIVE.run(session, seqs)
    return Excess(*rows[0]) if rows else None
