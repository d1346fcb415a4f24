"""Jurisdictions as values, and the tree they form.

The tree follows the *fiscal* parent. It differs from the administrative one for
province-managed counties, and both are kept because reports need either.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Fiscal levels a hub knows below itself, and its own."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWNSHIP = "township"


@dataclass(frozen=True, slots=True, kw_only=True)
class Jurisdiction:
    """One treasury's territory.

    Attributes:
        mof_div_code: nine digits: GB/T 2260 code and the bureau's serial.
        fiscal_parent: who supervises its treasury; None for the province.
        administrative_parent: whose county or city it is.
        host: the jurisdiction whose node serves it; None when it has its own.
        opened_on: first day it exists.
        closed_on: first day it no longer exists.
        successor: who took over on ``closed_on``.
    """

    mof_div_code: str
    name: str
    level: Level
    fiscal_parent: str | None
    administrative_parent: str | None
    host: str | None = None
    opened_on: dt.date
    closed_on: dt.date | None = None
    successor: str | None = None

    @property
    def is_province_managed(self) -> bool:
        """Whether its treasury answers past its administrative parent."""
        return self.fiscal_parent != self.administrative_parent

    def is_open(self, on: dt.date) -> bool:
        """Whether it exists on a day."""
        return self.opened_on <= on and (self.closed_on is None or on < self.closed_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRow:
    """A jurisdiction and how deep it stands below the visible root."""

    jurisdiction: Jurisdiction
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a list asks for; None means any."""

    words: str | None = None
    level: Level | None = None
    parent: str | None = None


def tree(jurisdictions: Iterable[Jurisdiction]) -> list[TreeRow]:
    """Order jurisdictions parent first; roots are those whose parent is unseen."""
    by_code = {j.mof_div_code: j for j in jurisdictions}
    children: dict[str | None, list[Jurisdiction]] = defaultdict(list)
    for code in sorted(by_code):
        parent = by_code[code].fiscal_parent
        children[parent if parent in by_code else None].append(by_code[code])
    rows: list[TreeRow] = []
    waiting = [(root, 0) for root in reversed(children[None])]
    while waiting:
        found, depth = waiting.pop()
        rows.append(TreeRow(jurisdiction=found, depth=depth))
        below = children[found.mof_div_code]
        waiting.extend((child, depth + 1) for child in reversed(below))
    return rows
