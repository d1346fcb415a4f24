"""Sees which payments meet a rule's source although nobody made them to.

Large amounts, cash and month ends come about by themselves. What is labelled here
is what the source says in figures, counted from the rows written and not by the
catalogue's conditions, so that rule and label can disagree.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kuwei_shared.sample.labels import Label, Origin
from kuwei_shared.sample.lines import I64
from kuwei_shared.sample.units import Unit

_YUAN = 100
_LARGE = 20_000_000 * _YUAN  # GX-9.1.10
_PUBLIC = 30_000 * _YUAN  # CT-1
_PERSONAL = 50_000 * _YUAN  # CT-2
_LATE, _LATE_FROM, _DECEMBER = 1_000_000 * _YUAN, 20, 12  # M002
_WHOLE = 1_000_000 * _YUAN  # GX-U15C
_CASH_START = 1_000 * _YUAN  # MF-16
_BUSY, _BUSY_SHARE, _BUSY_DAYS = 1_000_000 * _YUAN, 0.70, 3  # CT-8
_CASH_TIMES = 8  # CT-4
_CHEAPEST = min(_CASH_START, _PUBLIC)

Bool = npt.NDArray[np.bool_]


def fen_of(column: pa.ChunkedArray) -> I64:
    """Return a money column in fen; its amounts fit in 64 bits."""
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks)
    words = np.frombuffer(whole.buffers()[1], dtype=np.int64)
    return np.asarray(words[::2][whole.offset : whole.offset + len(whole)])


def _is(column: pa.ChunkedArray, *values: str) -> Bool:
    found = pc.is_in(column, pa.array(values)).to_numpy()
    return np.asarray(found, dtype=np.bool_)


def _starts(column: pa.ChunkedArray, *prefixes: str) -> Bool:
    found = [pc.fill_null(pc.starts_with(column, p), False) for p in prefixes]
    return np.asarray(np.any([one.to_numpy() for one in found], axis=0))


class Witness:
    """Looks at a node's rows as they are written, violations among them.

    Attributes:
        labels: what was seen.
    """

    def __init__(self, units: list[Unit]) -> None:
        self.labels: list[Label] = []
        self._units = {unit.code: unit for unit in units}
        self._month: dict[str, I64] = defaultdict(lambda: np.zeros(3, dtype=np.int64))

    def see(self, table: pa.Table) -> None:
        """Look at some whole days of payments."""
        fen = fen_of(table["pay_amt"])
        chosen = np.flatnonzero(fen > _CHEAPEST)
        self._payments(table.take(pa.array(chosen)), fen[chosen])
        self._days(table, fen)

    def _payments(self, table: pa.Table, fen: I64) -> None:
        for rule_id, met in _met(table, fen):
            for row in table.filter(pa.array(met)).select(_NAMED).to_pylist():
                self.labels.append(
                    Label(
                        "payment", row["payment_id"], rule_id, row["stage"],
                        row["mof_div_code"], row["vou_date"], Origin.ORDINARY,
                    )
                )  # fmt: skip

    def _days(self, table: pa.Table, fen: I64) -> None:
        """Add up vouchers by unit: the month, its last days, cash by the day."""
        vouchers = _is(table["stage"], "voucher")
        cash = vouchers & _is(table["set_mode_code"], "4")
        late = _days_left(table["vou_date"]) < _BUSY_DAYS
        sums = pa.table(
            {
                "agency": table["agency_code"],
                "all": pa.array(np.where(vouchers, fen, 0)),
                "late": pa.array(np.where(vouchers & late, fen, 0)),
                "cash": pa.array(cash.astype(np.int64)),
            }
        )
        grouped = sums.group_by("agency").aggregate(
            [("all", "sum"), ("late", "sum"), ("cash", "sum")]
        )
        for code, *found in zip(*grouped.to_pydict().values(), strict=True):
            self._month[code] += found
        self._cash_days(table.filter(pa.array(cash)), fen[cash])

    def _cash_days(self, table: pa.Table, fen: I64) -> None:
        drawn: dict[tuple[str, dt.date], int] = defaultdict(int)
        days = table.select(["agency_code", "vou_date"]).to_pylist()
        for row, amount in zip(days, fen.tolist(), strict=True):
            drawn[row["agency_code"], row["vou_date"]] += amount
        for (code, day), amount in drawn.items():
            if amount > self._units[code].cash_limit:
                self._of_unit("UL-1", code, day, "day_end")

    def end_month(self, last: dt.date) -> None:
        """Close a month on its last calendar day."""
        for code, (paid, late, draws) in sorted(self._month.items()):
            if paid >= _BUSY and late > paid * _BUSY_SHARE:
                self._of_unit("CT-8", code, last, "month_end")
            if draws > _CASH_TIMES:
                self._of_unit("CT-4", code, last, "month_end")
        self._month.clear()

    def _of_unit(self, rule_id: str, code: str, day: dt.date, stage: str) -> None:
        div = self._units[code].place.code
        one = Label("agency", code, rule_id, stage, div, day, Origin.ORDINARY)
        self.labels.append(one)


_NAMED = ["payment_id", "stage", "mof_div_code", "vou_date"]


def _days_left(column: pa.ChunkedArray) -> I64:
    """Return how many days follow in the month."""
    days = column.to_numpy().astype("datetime64[D]")
    following = (days.astype("datetime64[M]") + 1).astype("datetime64[D]")
    return np.asarray((following - days).astype(np.int64) - 1)


def _met(table: pa.Table, fen: I64) -> Iterator[tuple[str, Bool]]:
    """Yield each source's clause with the rows that meet it; amounts are positive."""
    eco = table["dep_bgt_eco_code"]
    staff = _starts(eco, "301", "303")
    normal = _is(table["entry_kind"], "normal")
    cash = _is(table["set_mode_code"], "4")
    yield "GX-U10", fen >= _LARGE
    yield "CT-1", (fen >= _PUBLIC) & _is(eco, "30212", "30217", "30231")
    yield "CT-2", (fen >= _PERSONAL) & _is(eco, "30226", "30211") & _private(table)
    late = _is_late(table["vou_date"])
    yield "M002", (fen >= _LATE) & late & ~staff
    bare = table["contract_no"].is_null().to_numpy()
    yield "GX-U15C", normal & (fen % _WHOLE == 0) & bare & ~staff
    research = _starts(table["exp_func_code"], "206")
    yield "MF-16-2", (fen > _CASH_START) & cash & research


def _private(table: pa.Table) -> Bool:
    """Return who is paid by transfer into an account of the persons' stretch."""
    short = pc.less_equal(pc.utf8_length(table["payee_acct_name"]), 4)
    by_transfer = ~_is(table["set_mode_code"], "4", "7")
    return by_transfer & np.asarray(pc.fill_null(short, False), dtype=np.bool_)


def _is_late(column: pa.ChunkedArray) -> Bool:
    days = column.to_numpy().astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    nth = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    december = months.astype(np.int64) % 12 + 1 == _DECEMBER
    return np.asarray(december & (nth >= _LATE_FROM))
