"""Jurisdictions as values, and the tree they form.

The tree follows the *fiscal* parent. It differs from the administrative one for
province-managed counties, and both are kept because reports need either.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kuwei_shared.kernel.pages import PAGE_SIZE, Page, PageRequest

Children = dict[str | None, list["Jurisdiction"]]


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

    @property
    def relatives(self) -> tuple[str | None, ...]:
        """Codes of other jurisdictions its page names."""
        parents = (self.fiscal_parent, self.administrative_parent)
        return (*parents, self.host, self.successor)

    def is_open(self, on: dt.date) -> bool:
        """Whether it exists on a day."""
        return self.opened_on <= on and (self.closed_on is None or on < self.closed_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfolding:
    """Which part of the tree is wanted.

    Attributes:
        below: start at this jurisdiction; None starts at the visible roots.
        opened: jurisdictions whose children are wanted as well.
        number: which page of the first level that has more than one row.
    """

    below: str | None = None
    opened: frozenset[str] = frozenset()
    number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRow:
    """A jurisdiction in its place in the tree.

    Attributes:
        depth: how deep it stands below the start.
        children: how many visible jurisdictions it supervises.
        is_open: whether they follow, ``PAGE_SIZE`` of them at most.
        is_top: whether everything shown is below it, so that it cannot be closed.
    """

    jurisdiction: Jurisdiction
    depth: int
    children: int
    is_open: bool
    is_top: bool = False

    @property
    def unlisted(self) -> int:
        """How many children do not follow though it is open."""
        return max(0, self.children - PAGE_SIZE) if self.is_open else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The rows of an unfolded tree, parents first.

    Attributes:
        page: the page of the first level that has more than one row.
        whole: codes of everything from the start down, shown or not.
    """

    rows: Sequence[TreeRow]
    page: Page[Jurisdiction]
    whole: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a list asks for; None means any."""

    words: str | None = None
    level: Level | None = None
    parent: str | None = None


def outline(jurisdictions: Iterable[Jurisdiction], wanted: Unfolding) -> Outline:
    """Return the wanted part; roots are those whose parent is unseen.

    A single root is always open: its children are the page then.
    """
    children = _by_parent(jurisdictions)
    roots = [one for one in children[None] if wanted.below is None]
    if wanted.below is not None:
        every = (one for part in children.values() for one in part)
        roots = [one for one in every if one.mof_div_code == wanted.below]
    top = roots[0] if len(roots) == 1 else None
    level = children[top.mof_div_code] if top else roots
    request = PageRequest(number=wanted.number)
    shown = level[request.offset : request.offset + request.size]
    rows = _unfolded(shown, children, wanted.opened, depth=1 if top else 0)
    if top:
        row = TreeRow(
            jurisdiction=top, depth=0, children=len(level), is_open=True, is_top=True
        )
        rows.insert(0, row)
    page = Page(rows=shown, total=len(level), request=request)
    return Outline(rows=rows, page=page, whole=_whole(roots, children))


def _whole(roots: Sequence[Jurisdiction], children: Children) -> list[str]:
    """Return some jurisdictions and everything below them, parents first."""
    found = [one.mof_div_code for one in roots]
    for code in found:  # grows as it goes
        found.extend(one.mof_div_code for one in children[code])
    return found


def _by_parent(jurisdictions: Iterable[Jurisdiction]) -> Children:
    by_code = {j.mof_div_code: j for j in jurisdictions}
    children: Children = defaultdict(list)
    for code in sorted(by_code):
        parent = by_code[code].fiscal_parent
        children[parent if parent in by_code else None].append(by_code[code])
    return children


def _unfolded(
    shown: Sequence[Jurisdiction],
    children: Children,
    opened: frozenset[str],
    *,
    depth: int,
) -> list[TreeRow]:
    rows: list[TreeRow] = []
    for one in shown:
        below = children[one.mof_div_code]
        is_open = bool(below) and one.mof_div_code in opened
        rows.append(
            TreeRow(jurisdiction=one, depth=depth, children=len(below), is_open=is_open)
        )
        if is_open:
            rows += _unfolded(below[:PAGE_SIZE], children, opened, depth=depth + 1)
    return rows
