"""Reversing what a person refused: the payment, its earlier stages, their credits."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text
from sqlalchemy.orm import Session

from kuwei_node.payments.store.crediting import TAKES_BACK
from kuwei_node.payments.store.ledger import FIELDS, REVERSAL

_AMOUNTS = ("pay_amt", "xpay_amt", "deduct_amt")
_REVERSED = {"payment_id", "entry_kind", "orig_payment_id", *_AMOUNTS}
_SAME_AGAIN = ", ".join(name for name in FIELDS if name not in _REVERSED)
_BACK = ", ".join(
    f"coalesce(sum(r.{name}), 0) AS {name}_back" for name in (*_AMOUNTS, "tally")
)
_TURNED = ", ".join(f"-({name} + {name}_back)" for name in (*_AMOUNTS, "tally"))
_STAGE = "array_position(ARRAY['request', 'voucher', 'receipt'], {0}.stage)"
# Of one division: another's payment may have the same id. What took back money of a
# past year's payment of that id is none of ours.
_STAGES = """p.payment_id = o.payment_id AND p.fiscal_year = o.fiscal_year
  AND p.mof_div_code = o.mof_div_code"""
_CREDITS = f"""{{0}}.orig_payment_id = {{1}}.payment_id
  AND {{0}}.payment_id <> {{1}}.payment_id
  AND {{0}}.mof_div_code = {{1}}.mof_div_code
  AND {{0}}.fiscal_year >= {{1}}.fiscal_year AND {TAKES_BACK}"""
_CREDITED = f"""{_CREDITS} AND {{0}}.stage = {{1}}.stage
  AND {{0}}.live AND {{0}}.reversed_by IS NULL"""
# The reversal's number stands in reversed_by of all of them, itself included: later
# facts count none. What credits left is reversed, so that the ledger sums to nought.
_REVERSE = f"""
WITH due AS MATERIALIZED (
  SELECT nextval('payment_seq') AS own, p.*, b.* FROM payment o
  JOIN payment p ON {_STAGES} AND {_STAGE.format("p")} <= {_STAGE.format("o")}
  CROSS JOIN LATERAL (
    SELECT count(*) AS given, {_BACK} FROM payment r
    WHERE {_CREDITED.format("r", "p")}) b
  WHERE o.seq = :seq AND p.live AND p.reversed_by IS NULL
), refused AS (
  UPDATE payment p SET reversed_by = due.own FROM due
  WHERE p.seq = due.seq AND p.fiscal_year = due.fiscal_year
), taken_back AS (
  UPDATE payment r SET reversed_by = due.own FROM due
  WHERE {_CREDITED.format("r", "due")}
)
INSERT INTO payment (seq, reversed_by, received_at, payment_id, entry_kind,
  orig_payment_id, {", ".join(_AMOUNTS)}, tally, {_SAME_AGAIN})
SELECT own, own, :at, '{REVERSAL}' || payment_id,
  'reversal', payment_id, {_TURNED}, {_SAME_AGAIN}
FROM due WHERE given = 0 OR sign(pay_amt + pay_amt_back) = sign(pay_amt)"""


def concerned(columns: str, seq: int) -> str:
    """Return a SELECT of all whose counting a refusal may change.

    Args:
        columns: of payment ``p``.
        seq: of the payment refused.
    """
    one = f"WHERE o.seq = {seq:d}"
    credited = _CREDITS.format("p", "o")
    return (
        f"SELECT {columns} FROM payment o JOIN payment p ON {_STAGES} {one}"
        f" UNION ALL SELECT {columns} FROM payment o JOIN payment p ON {credited} {one}"
    )


def units_of(session: Session, seq: int) -> list[dict[str, str | None]]:
    """Return what the stages of a payment and their credits share with others."""
    rows = session.execute(
        text(
            concerned(
                "o.payment_id, p.agency_code, p.bgt_id, p.pro_code, p.contract_no", seq
            )
        )
    )
    return [dict(row) for row in rows.mappings()]


def reverse(session: Session, seq: int, received_at: dt.datetime) -> None:
    """Append the reversals of a payment and its earlier stages: opposite amounts.

    What was not counted or is reversed already stays as it is; of what was taken
    back in part, the rest is. No client can send the reversals' ids.
    """
    session.execute(text(_REVERSE), {"seq": seq, "at": received_at})
