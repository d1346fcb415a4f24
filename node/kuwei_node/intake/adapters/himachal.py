"""The treasury report "DDO, Head of Account/SOE and Voucher/Bill wise".

Not a table: a file stacks many reports, each with a grand total, drawing
officers, heads of account and vouchers, where the officer and the head stand
once and are carried down, and every level states its total. One variant of the
header has an index column. Every stated total is checked against its vouchers;
the grand totals are what the file declares.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from kuwei_node.intake.adapters.delimited import unreadable
from kuwei_node.intake.domain.reasons import Reason
from kuwei_node.intake.domain.rows import Broken, Chunk, Totals

COLUMNS = (
    "treasury",
    "officer_code",
    "officer_name",
    "head",
    "major",
    "object_code",
    "object_name",
    "voucher_no",
    "voucher_date",
    "bill_no",
    "bills",
    "gross",
    "ag_deduction",
    "bt_deduction",
    "net",
    "deductions",
)
TITLE = "DDODESC"
_OFFICER = re.compile(r"(\w+)-(\w+)-(.*)", re.DOTALL)
_HEAD = re.compile(r"((\d\d)-(\d{4})-.*-(\d\d))-([^-]*(?:-.*)?)", re.DOTALL)
_VOUCHER = re.compile(r"\[TRVch# *(\S+) +Dt:(\S+)\] *, *Billno-(\S*)")
_OFFICER_AT, _HEAD_AT, _VOUCHER_AT, _BILLS_AT = 0, 1, 2, 3
_GROSS_AT, _AG_AT, _NET_AT = 4, 5, 7
_WIDTH = 8

Amounts = tuple[int, int, int]
"""Bills, gross, net."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HimachalReport:
    """One file of stacked reports."""

    path: Path
    place: str
    encoding: str = "utf-8"

    def chunks(self, rows_max: int) -> Iterator[Chunk]:
        """Yield vouchers with their officer and head carried down."""
        state = _State()
        try:
            with self.path.open(encoding=self.encoding, newline="") as file:
                reader = csv.reader(file)
                for row in reader:
                    state.take(row, reader.line_num)
                    if len(state.lines) >= rows_max:
                        yield state.chunk()
        except (UnicodeError, csv.Error) as error:
            raise unreadable(self.place, str(error)) from error
        state.close_report(0)
        if not state.titled:
            raise unreadable(self.place, f"找不到表头 {TITLE}")
        yield state.chunk()


@dataclass(slots=True)
class _State:
    """What is carried down, and the totals still to be met."""

    titled: bool = False
    shift: int = 0
    officer: tuple[str, str, str] = ("", "", "")
    head: tuple[str, str, str, str] = ("", "", "", "")
    lines: list[int] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    declared: Totals = field(default_factory=Totals)
    stated: dict[str, Amounts] = field(default_factory=dict)
    summed: dict[str, Amounts] = field(default_factory=dict)

    def take(self, row: list[str], line: int) -> None:
        if TITLE in row:
            self.close_report(line)
            self.titled, self.shift = True, row.index(TITLE)
            return
        cells = [cell.strip() for cell in row[self.shift :]]
        if not any(cells):
            return
        amounts = _amounts(cells)
        if amounts is None:
            self._refuse(row, line)
        elif cells[_OFFICER_AT].startswith("Grand Total"):
            self._grand(amounts, line)
        elif cells[_OFFICER_AT]:
            self._officer(cells[_OFFICER_AT], amounts, line)
        elif cells[_HEAD_AT]:
            self._head(cells[_HEAD_AT], amounts, line)
        else:
            self._voucher(cells, amounts, row, line)

    def chunk(self) -> Chunk:
        """Hand over what has gathered."""
        columns = zip(*self.rows, strict=True) if self.rows else ([] for _ in COLUMNS)
        made = Chunk(
            columns={
                name: pa.array(cells, pa.string())
                for name, cells in zip(COLUMNS, columns, strict=True)
            },
            lines=pa.array(self.lines, pa.int64()),
            broken=tuple(self.broken),
            declared=self.declared,
        )
        self.rows, self.lines, self.broken = [], [], []
        self.declared = Totals()
        return made

    def close_report(self, line: int) -> None:
        """Meet the totals of the report that ends here."""
        for level in ("head", "officer", "grand"):
            self._meet(level, line)

    def _grand(self, amounts: Amounts, line: int) -> None:
        self.close_report(line)
        self.stated["grand"] = amounts
        bills, gross, net = amounts
        self.declared = self.declared.plus(
            Totals(rows=bills, pay_amt=Decimal(gross), xpay_amt=Decimal(net))
        )

    def _officer(self, text: str, amounts: Amounts, line: int) -> None:
        self._meet("head", line)
        self._meet("officer", line)
        self.stated["officer"] = amounts
        match = _OFFICER.fullmatch(text)
        treasury, number, name = match.groups() if match else ("", "", text)
        self.officer = (treasury, f"{treasury}-{number}", name.strip())

    def _head(self, text: str, amounts: Amounts, line: int) -> None:
        self._meet("head", line)
        self.stated["head"] = amounts
        match = _HEAD.fullmatch(text)
        if match:
            head, _, major, object_code, object_name = match.groups()
            self.head = (head, major, object_code, object_name.strip())
        else:
            self.head = (text, "", "", "")

    def _voucher(
        self, cells: list[str], amounts: Amounts, row: list[str], line: int
    ) -> None:
        match = _VOUCHER.fullmatch(cells[_VOUCHER_AT])
        if match is None:
            self._refuse(row, line)
            return
        for level in ("head", "officer", "grand"):
            before = self.summed.get(level, (0, 0, 0))
            self.summed[level] = _add(before, amounts)
        stated = cells[_BILLS_AT : _NET_AT + 1]
        withheld = sum(int(cell) for cell in cells[_AG_AT:_NET_AT])
        values = (*match.groups(), *stated, str(withheld))
        self.rows.append((*self.officer, *self.head, *values))
        self.lines.append(line)

    def _meet(self, level: str, line: int) -> None:
        stated = self.stated.pop(level, None)
        summed = self.summed.pop(level, (0, 0, 0))
        if stated is not None and stated != summed:
            raw = f"{level}: {stated} ≠ {summed}"
            self.broken.append(Broken(line=line, raw=raw, reason=Reason.SUBTOTAL))

    def _refuse(self, row: list[str], line: int) -> None:
        raw = ",".join(row)[:1000]
        self.broken.append(Broken(line=line, raw=raw, reason=Reason.COLUMNS))


def _amounts(cells: list[str]) -> Amounts | None:
    if len(cells) != _WIDTH:
        return None
    try:
        bills, gross, _, _, net = (int(cell) for cell in cells[_BILLS_AT:])
    except ValueError:
        return None
    return bills, gross, net


def _add(a: Amounts, b: Amounts) -> Amounts:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]
