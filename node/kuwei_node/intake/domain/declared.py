"""What a file says it comes to: the row of totals of its own.

Its sums are written as the rows above it are, so they are read by the same rules. A
total nobody can read is a fault of the file, not a total that was never stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pyarrow as pa

from kuwei_node.intake.domain import conversion
from kuwei_node.intake.domain.batch import Mask, plain
from kuwei_node.intake.domain.profile import FieldRule, TotalsRow
from kuwei_node.intake.domain.reasons import Reason
from kuwei_node.intake.domain.rows import NO_TOTALS, Broken, Chunk, Totals
from kuwei_shared.rules.vocabulary import Field, Type

MONEY = Field(name="total", type=Type.MONEY, label="合计")
COUNT = Field(name="total", type=Type.INTEGER, label="合计")
AS_WRITTEN = FieldRule()


def declared(
    row: TotalsRow,
    rules: Mapping[str, FieldRule],
    chunk: Chunk,
    *,
    hit: Mask,
    blanks: pa.Array,
) -> tuple[Totals, tuple[Broken, ...]]:
    """Read the last row of totals among some rows.

    Args:
        row: where the totals stand.
        rules: how the profile reads each field; a sum is read as its field is.
        chunk: the rows as the file has them.
        hit: which of them are totals.
        blanks: texts that mean nothing is stated.

    Returns:
        What is declared, and the row itself if part of it cannot be read.
    """
    if not hit.any():
        return NO_TOTALS, ()
    index = int(np.flatnonzero(hit)[-1])
    columns = {plain(name): column for name, column in chunk.columns.items()}
    odd: list[bool] = []

    def cell(name: str | None, field: Field, rule: FieldRule) -> object:
        column = columns.get(plain(name)) if name else None
        if column is None:
            return None
        text = conversion.text_of(column.slice(index, 1), blanks)
        value, faults = conversion.read(text, field, rule)
        odd.append(any(mask.true_count for _, mask in faults))
        return value[0].as_py()

    rows = cell(row.count, COUNT, AS_WRITTEN)
    pay, net = (
        cell(row.sums.get(name), MONEY, rules.get(name, AS_WRITTEN))
        for name in ("pay_amt", "xpay_amt")
    )
    found = Totals(
        rows=rows if isinstance(rows, int) else None,
        pay_amt=pay if isinstance(pay, Decimal) else None,
        xpay_amt=net if isinstance(net, Decimal) else None,
    )
    if not any(odd):
        return found, ()
    line = chunk.lines[index].as_py()
    return found, (Broken(line=line, raw=chunk.raw(index), reason=Reason.TOTAL),)
