"""After the database has had its say: which rows of each batch really stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from kuwei_node.intake.domain.mapping import Mapped
from kuwei_node.intake.domain.progress import Stored
from kuwei_node.intake.domain.reasons import Reason
from kuwei_node.intake.domain.rows import Broken, Totals

Place = tuple[int, int]
"""Batch and line."""


def settle(
    batches: Mapping[int, Mapped],
    *,
    repeated: Sequence[Place],
    differing: Sequence[Place],
    present: Sequence[Place],
) -> list[Stored]:
    """Take the rows the database refused out of each batch's account.

    Args:
        batches: ledger number → mapped batch.
        repeated: rows whose key came twice.
        differing: rows whose key the node holds with other content.
        present: rows the node holds already, unchanged; they stay accepted.
    """
    known: dict[int, list[int]] = {}
    for batch, line in present:
        known.setdefault(batch, []).append(line)
    refused: dict[int, dict[int, Reason]] = {}
    for reason, places in ((Reason.REPEATED, repeated), (Reason.DIFFERS, differing)):
        for batch, line in places:
            refused.setdefault(batch, {})[line] = reason
    return [
        _account(batch, mapped, refused.get(batch, {}), known.get(batch, []))
        for batch, mapped in batches.items()
    ]


def _account(
    batch: int,
    mapped: Mapped,
    refused: Mapping[int, Reason],
    present: Sequence[int],
) -> Stored:
    late = _describe(mapped, refused)
    accepted = mapped.table.num_rows - len(late)
    return Stored(
        batch_id=batch,
        read=mapped.table.num_rows + len(mapped.broken),
        accepted=accepted,
        present=len(present),
        present_pay_amt=_sum(_rows(mapped, present), "pay_amt"),
        skipped=mapped.skipped,
        totals=_less(mapped, refused, accepted),
        declared=mapped.declared,
        broken=(*mapped.broken, *late),
    )


def _describe(mapped: Mapped, refused: Mapping[int, Reason]) -> list[Broken]:
    if not refused:
        return []
    return [
        Broken(
            line=line,
            raw=mapped.chunk.raw(index),
            reason=refused[line],
            field="payment_id",
        )
        for index, line in enumerate(mapped.chunk.lines.to_pylist())
        if line in refused
    ]


def _less(mapped: Mapped, refused: Mapping[int, Reason], accepted: int) -> Totals:
    """Subtract the refused rows from a batch's totals."""
    if not refused:
        return mapped.totals
    gone = _rows(mapped, list(refused))
    before = mapped.totals
    return Totals(
        rows=accepted,
        pay_amt=(before.pay_amt or Decimal(0)) - _sum(gone, "pay_amt"),
        xpay_amt=(before.xpay_amt or Decimal(0)) - _sum(gone, "xpay_amt"),
    )


def _rows(mapped: Mapped, lines: Sequence[int]) -> pa.Table:
    wanted = pa.array(lines, pa.int64())
    return mapped.table.filter(pc.is_in(mapped.table["line"], value_set=wanted))


def _sum(rows: pa.Table, name: str) -> Decimal:
    return pc.sum(rows[name]).as_py() or Decimal(0)
