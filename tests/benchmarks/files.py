"""Importing a file end to end, beside a bare COPY of the same rows.

End to end is the node's own verb: read, map, validate, store, screen, alert, mark
the days whose statistics changed; its process start is counted too.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import house
import pyarrow as pa
import pyarrow.csv as arrow_csv
from clock import best_s
from pyarrow import parquet

GOAL_RATE, GOAL_SHARE = 15_000, 0.25


def run(found: house.House) -> list[dict[str, Any]]:
    """Import the node's payments from CSV, then COPY them. Any: JSON."""
    file = _as_csv(found.books / "payments.parquet", found.folder)
    words = ("import", "--profile", "standard", str(file))
    imported = best_s(lambda: found.verb(*words, "--division", house.DIVISION), 1)
    start = best_s(lambda: found.verb("--help"), 2)
    count, copied = _bare_copy(found)
    rate, share = count / imported, copied / imported
    return [
        {"name": "payments imported", "value": count, "unit": "rows"},
        {
            "name": "import end to end",
            "value": round(rate),
            "unit": "payments/s",
            "goal": f"≥ {GOAL_RATE:,}",
            "met": rate >= GOAL_RATE,
        },
        {
            "name": "of which starting the process",
            "value": round(start, 2),
            "unit": "s",
        },
        {
            "name": "bare COPY, same indexes",
            "value": round(count / copied),
            "unit": "rows/s",
        },
        {
            "name": "import ÷ bare COPY",
            "value": round(100 * share, 1),
            "unit": "%",
            "goal": "≥ 25",
            "met": share >= GOAL_SHARE,
        },
    ]


def _as_csv(source: Path, folder: Path) -> Path:
    table: pa.Table = parquet.read_table(source)
    file = folder / "payments.csv"
    arrow_csv.write_csv(table, file)
    return file


def _bare_copy(found: house.House) -> tuple[int, float]:
    with found.connection() as plain, plain.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM payment")
        [(count,)] = cursor.fetchall()
        buffer = io.BytesIO()
        cursor.copy_expert(
            "COPY (SELECT * FROM payment ORDER BY seq) TO STDOUT (FORMAT csv)", buffer
        )

        def copy() -> None:
            cursor.execute("DROP TABLE IF EXISTS bare")
            cursor.execute("CREATE TABLE bare (LIKE payment INCLUDING ALL)")
            buffer.seek(0)
            cursor.copy_expert("COPY bare FROM STDIN (FORMAT csv)", buffer)

        return count, best_s(copy, 3)
