"""Parquet out, a slice at a time; nothing larger than a slice is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

BATCH = 20_000
# Columns whose values hardly repeat, and those a reader may skip row groups by.
_DISTINCT = frozenset(
    {
        "payment_id",
        "orig_payment_id",
        "pay_app_no",
        "pay_cert_no",
        "agent_business_no",
        "invoice_no",
        "create_time",
        "pay_amt",
        "xpay_amt",
    }
)
_SOUGHT = frozenset({"vou_date", "create_time", "agency_code", "stage"})
FOREVER = dt.date(9999, 12, 31)


class Sink:
    """One Parquet file being written, with plain types any reader knows.

    Use as a context manager; the file is whole when the block ends.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.schema = schema
        self.rows = 0
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            compression_level=1,
            store_schema=False,
            use_dictionary=[n for n in schema.names if n not in _DISTINCT],
            write_statistics=[n for n in schema.names if n in _SOUGHT],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()

    def table(self, table: pa.Table) -> None:
        """Append a table as one row group."""
        if table.num_rows:
            self._writer.write_table(table, row_group_size=table.num_rows)
            self.rows += table.num_rows

    def dicts(self, rows: Iterable[dict[str, object]]) -> None:
        """Append rows given as dictionaries; absent columns are null."""
        for batch in _batches(rows):
            self.table(pa.Table.from_pylist(batch, schema=self.schema))


def _batches(rows: Iterable[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    batch: list[dict[str, object]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def with_validity(
    columns: dict[str, pa.Array], schema: pa.Schema, start: dt.date
) -> pa.Table:
    """Return a reference table valid from a day on, for good."""
    count = len(next(iter(columns.values())))
    columns = {
        **columns,
        "valid_from": pa.repeat(pa.scalar(start, pa.date32()), count),
        "valid_to": pa.repeat(pa.scalar(FOREVER, pa.date32()), count),
    }
    return pa.table([columns[name] for name in schema.names], schema=schema)
