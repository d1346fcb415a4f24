"""The province's list of jurisdictions as a file: CSV with a head line, UTF-8.

Columns: mof_div_code, name, level, fiscal_parent, administrative_parent, host,
opened_on, closed_on, successor; parents before their children.
"""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

from kuwei_hub.territory.domain import Jurisdiction, Level
from kuwei_shared.kernel.errors import KuweiError

ROWS_MAX = 100_000


def read_jurisdictions(path: Path) -> list[Jurisdiction]:
    """Return the jurisdictions of a file.

    Raises:
        KuweiError: ``territory.bad_file``, naming the line.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        found: list[Jurisdiction] = []
        for line, row in enumerate(csv.DictReader(file), 2):
            if len(found) >= ROWS_MAX:
                raise _bad(path, line, f"行数超过 {ROWS_MAX}")
            try:
                found.append(_jurisdiction(row))
            except (KeyError, ValueError) as error:
                raise _bad(path, line, str(error)) from error
    return found


def _jurisdiction(row: dict[str, str]) -> Jurisdiction:
    return Jurisdiction(
        mof_div_code=row["mof_div_code"],
        name=row["name"],
        level=Level(row["level"]),
        fiscal_parent=row.get("fiscal_parent") or None,
        administrative_parent=row.get("administrative_parent") or None,
        host=row.get("host") or None,
        opened_on=dt.date.fromisoformat(row["opened_on"]),
        closed_on=_day(row.get("closed_on")),
        successor=row.get("successor") or None,
    )


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _bad(path: Path, line: int, why: str) -> KuweiError:
    return KuweiError(
        "territory.bad_file",
        f"{path.name} 第 {line} 行不能读入:{why};请对照表头改正。",
    )
