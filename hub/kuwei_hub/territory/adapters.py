"""The province's list of jurisdictions as a file: CSV with a head line, UTF-8.

Columns: mof_div_code, name, level, fiscal_parent, administrative_parent, host,
opened_on, closed_on, successor; parents before their children.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TypeVar

from kuwei_hub.territory.domain import Jurisdiction, Level
from kuwei_shared.kernel.errors import KuweiError

ROWS_MAX = 100_000
T = TypeVar("T")
CODE = re.compile(r"[0-9]{9}")
Row = Mapping[str, str | None]


def read_jurisdictions(path: Path) -> list[Jurisdiction]:
    """Return the jurisdictions of a file.

    Raises:
        KuweiError: ``territory.bad_file``, naming the line.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        try:
            found = [_jurisdiction(row) for row in islice(rows, ROWS_MAX + 1)]
        except UnicodeDecodeError as error:
            raise _bad(path, rows.line_num + 1, "文件须为 UTF-8 编码") from error
        except (csv.Error, ValueError) as error:
            raise _bad(path, rows.line_num, str(error)) from error
    if len(found) > ROWS_MAX:
        raise _bad(path, rows.line_num, f"行数超过 {ROWS_MAX}")
    return found


def _jurisdiction(row: Row) -> Jurisdiction:
    return Jurisdiction(
        mof_div_code=_required(_code(row, "mof_div_code"), "mof_div_code"),
        name=_required(row.get("name"), "name"),
        level=_level(_required(row.get("level"), "level")),
        fiscal_parent=_code(row, "fiscal_parent"),
        administrative_parent=_code(row, "administrative_parent"),
        host=_code(row, "host"),
        opened_on=_required(_day(row, "opened_on"), "opened_on"),
        closed_on=_day(row, "closed_on"),
        successor=_code(row, "successor"),
    )


def _required(value: T | None, name: str) -> T:
    if not value:
        raise ValueError(f"缺少 {name}")
    return value


def _code(row: Row, name: str) -> str | None:
    code = row.get(name) or None
    if code is not None and not CODE.fullmatch(code):
        raise ValueError(f"{name} 须为九位数字,“{code}”不是")
    return code


def _level(text: str) -> Level:
    if text not in set(Level):
        raise ValueError(f"level 须为 {'、'.join(Level)} 之一,“{text}”不是")
    return Level(text)


def _day(row: Row, name: str) -> dt.date | None:
    text = row.get(name) or None
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{name} 须写成 2026-03-05,“{text}”不是日期") from error


def _bad(path: Path, line: int, why: str) -> KuweiError:
    return KuweiError(
        "territory.bad_file",
        f"{path.name} 第 {line} 行不能读入:{why};请对照表头改正。",
    )
