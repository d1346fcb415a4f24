"""Credits of what no fact counts are counted by none either.

A refund, correction or reversal that takes back money of a payment that was refused
or reversed would open room nobody used up. Such a credit stays in the ledger, void:
its own number stands in ``reversed_by``. What adds to a payment always counts.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from kuwei_shared.db.prepared import Prepared, run_verbatim

TAKES_BACK = "{0}.entry_kind <> 'normal' AND {0}.pay_amt <= 0"
"""A credit that may make room; of an amount of nought the count is meant."""
# Facts keep stages apart, so the original must count at the credit's own; a bank
# receipt may be all that tells of money that came back. Ids of past years may have
# been used again: the same year comes first. NULL when nobody reported an original.
_COUNTS = """(
 SELECT o.live AND o.reversed_by IS NULL AND o.seq < c.seq
  AND (o.stage = c.stage OR c.stage = 'receipt')
 FROM payment o
 WHERE o.payment_id = c.orig_payment_id AND o.mof_div_code = c.mof_div_code
 ORDER BY o.stage = c.stage DESC, o.fiscal_year = c.fiscal_year DESC, 1 DESC
 LIMIT 1)"""
_VOID = Prepared(
    "UPDATE payment c SET reversed_by = CASE WHEN NOT v.counts THEN c.seq END"
    f" FROM (SELECT c.seq, c.fiscal_year, {_COUNTS} AS counts FROM payment c"
    f" WHERE c.seq = ANY($1) AND {TAKES_BACK.format('c')}) v"
    " WHERE c.seq = v.seq AND c.fiscal_year = v.fiscal_year"
    " AND v.counts = (c.reversed_by IS NOT NULL)",
    ("bigint[]",),
)


def void_credits(session: Session, seqs: list[int]) -> None:
    """Count, of payments just appended, those credits alone whose originals count.

    An original that arrived later than its credit does not.
    """
    _VOID.run(session, seqs)


def void_appended(session: Session, table: str) -> None:
    """Do so in a temporary table of payments on their way into the ledger.

    Originals that come along with them count: files bring what has happened.
    """
    run_verbatim(
        session,
        f"UPDATE {table} c SET reversed_by = c.seq"
        f" WHERE c.orig_payment_id IS NOT NULL AND {TAKES_BACK.format('c')}"
        f" AND NOT {_COUNTS} AND NOT EXISTS (SELECT FROM {table} o"
        " WHERE o.payment_id = c.orig_payment_id AND o.stage = c.stage"
        " AND o.mof_div_code = c.mof_div_code)",
    )
