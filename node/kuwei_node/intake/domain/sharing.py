"""Splitting rows in two shares that can be judged side by side.

Payments that have a budget unit, an appropriation, a project or a contract in common
must see each other when they are judged. Rows are divided by budget unit; if anything
else is still in common, they stay together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from kuwei_node.intake.domain.work import Share

UNIT = "agency_code"
IDENTITY = ("payment_id", "stage", "fiscal_year")
"""What a payment is known by; rows that agree in it are one payment."""
ROWS_MIN = 2_000
"""Fewer rows are not worth a second transaction."""


def shares(batches: Mapping[int, pa.Table], apart: Sequence[str]) -> tuple[Share, ...]:
    """Return the rows in one share, or in two with nothing in common.

    Args:
        batches: batch → its rows.
        apart: columns no value of which may be in both shares.
    """
    filled = {batch: table for batch, table in batches.items() if table.num_rows}
    if sum(table.num_rows for table in filled.values()) < ROWS_MIN:
        return (filled,)
    whole = pa.concat_tables([t.select([UNIT, *apart]) for t in filled.values()])
    second = _lighter_half(whole[UNIT])
    in_second = pc.is_in(whole[UNIT], value_set=second)
    if any(_meet(whole[name], in_second) for name in apart):
        return (filled,)
    split = {
        batch: pc.is_in(table[UNIT], value_set=second)
        for batch, table in filled.items()
    }
    found = (
        {batch: filled[batch].filter(pc.invert(mask)) for batch, mask in split.items()},
        {batch: filled[batch].filter(mask) for batch, mask in split.items()},
    )
    return found if len(second) else (filled,)


def has_repeated(share: Share) -> bool:
    """Tell whether a payment stands twice among the rows of a share."""
    whole = pa.concat_tables([table.select(IDENTITY) for table in share.values()])
    distinct = whole.group_by(list(IDENTITY)).aggregate([])
    return bool(distinct.num_rows < whole.num_rows)


def _lighter_half(units: pa.ChunkedArray) -> pa.Array:
    """Return budget units that together have about half of the rows, or fewer."""
    counted = pc.value_counts(units).to_pylist()
    rows, chosen = [0, 0], []
    for one in sorted(counted, key=lambda one: -one["counts"]):
        lighter = rows[1] < rows[0]
        rows[lighter] += one["counts"]
        if lighter and one["values"] is not None:
            chosen.append(one["values"])
    return pa.array(chosen, units.type)


def _meet(values: pa.ChunkedArray, in_second: pa.ChunkedArray) -> bool:
    """Tell whether some value stands in both shares."""
    first = pc.drop_null(pc.unique(values.filter(pc.invert(in_second))))
    second = pc.drop_null(pc.unique(values.filter(in_second)))
    return bool(pc.any(pc.is_in(second, value_set=first)).as_py())
