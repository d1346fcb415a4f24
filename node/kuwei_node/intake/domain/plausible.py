"""What no payment can be: the interface refuses it, and so do files.

Of rows in files less is asked in one respect: old books often do not say which payment
a refund or a correction belongs to. A reversal without one takes nothing back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from kuwei_node.intake.domain.conversion import Fault
from kuwei_node.intake.domain.reasons import Reason
from kuwei_shared.rules import bounds
from kuwei_shared.rules.vocabulary import Field, Type

NOTHING = Decimal(0)
YEAR = "fiscal_year"


def faults(
    values: Mapping[str, pa.Array], fields: Mapping[str, Field]
) -> Iterator[tuple[str, Fault]]:
    """Yield what is wrong with some payments: the field at fault, why, which rows.

    Args:
        values: the payments' fields; nothing is asked of other tables.
        fields: what they are.
    """
    if "entry_kind" not in values:
        return
    yield from _signs(values)
    yield from _originals(values)
    yield from _days(values)
    for name, field in fields.items():
        if field.type is Type.INTEGER and name != YEAR:
            odd = _outside(values[name], 0, bounds.COUNT_MAX)
            yield name, (Reason.NUMBER, odd)
        elif field.type is Type.DECIMAL:
            yield name, (Reason.NUMBER, _sure(pc.less(values[name], NOTHING)))


def _signs(values: Mapping[str, pa.Array]) -> Iterator[tuple[str, Fault]]:
    amount = values["pay_amt"]
    below, above = pc.less(amount, NOTHING), pc.greater(amount, NOTHING)
    for kind, sign in bounds.SIGNS.items():
        wrong = below if sign > 0 else above
        if wrong.true_count:
            odd = pc.and_(pc.equal(values["entry_kind"], kind), wrong)
            yield "pay_amt", (Reason.SIGN, _sure(odd))


def _originals(values: Mapping[str, pa.Array]) -> Iterator[tuple[str, Fault]]:
    own, orig = values["payment_id"], values["orig_payment_id"]
    for name in ("payment_id", "orig_payment_id"):
        reserved = pc.starts_with(values[name], bounds.RESERVED)
        yield name, (Reason.RESERVED, _sure(reserved))
    yield "orig_payment_id", (Reason.ITSELF, _sure(pc.equal(own, orig)))
    reversal = pc.equal(values["entry_kind"], "reversal")
    lost = pc.and_(reversal, pc.is_null(orig))
    yield "orig_payment_id", (Reason.ORIGINAL, _sure(lost))


def _days(values: Mapping[str, pa.Array]) -> Iterator[tuple[str, Fault]]:
    first, end = pa.scalar(bounds.FIRST_DAY), pa.scalar(bounds.END_DAY)
    for name in ("vou_date", "xpay_date"):
        day = values[name]
        odd = pc.or_(pc.less(day, first), pc.greater_equal(day, end))
        yield name, (Reason.DATE, _sure(odd))
    year = pc.cast(values[YEAR], pa.int64())
    apart = pc.subtract(pc.year(values["vou_date"]), year)
    far = _outside(apart, -bounds.YEARS_APART_MAX, bounds.YEARS_APART_MAX)
    yield YEAR, (Reason.YEAR, far)


def _outside(numbers: pa.Array, first: int, last: int) -> pa.Array:
    return _sure(pc.or_(pc.less(numbers, first), pc.greater(numbers, last)))


def _sure(mask: pa.Array) -> pa.Array:
    return pc.fill_null(mask, fill_value=False)
