"""Lists out of SQL text: one page of rows, and a count that knows when to stop.

A ledger of ten million payments must not be counted to show fifty of them, so a
total above ``COUNT_MAX`` is reported as ``COUNT_MAX``: more than anybody pages
through, and more than an export may hold.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    RowMapping,
    String,
    any_,
    bindparam,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import InstrumentedAttribute, Session

from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.pages import Page, PageRequest

COUNT_MAX = 50_001

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list as parts of a SELECT; every part is the store's own text.

    Attributes:
        columns: what a row shows; worked out for the rows of one page only.
        source: tables and joins the conditions need.
        where: conditions, all of which hold.
        values: bound values of the conditions (Any: whatever they compare).
        orders: sort name → SQL; ``-name`` turns every part of it round.
        default: order when none is asked for.
        sparse: sorts whose values may be missing; rows without one come last.
    """

    columns: str
    source: str
    where: Sequence[str]
    orders: Mapping[str, Sequence[str]]
    default: str
    values: Mapping[str, Any] = field(default_factory=dict)
    sparse: Collection[str] = ()

    def order(self, sort: str | None) -> str:
        """Return the ORDER BY of a sort name."""
        wanted = sort or self.default
        name = wanted.removeprefix("-")
        way = " DESC" if wanted.startswith("-") else ""
        # Said of a column that is never missing, it keeps an index from being used.
        last = " NULLS LAST" if name in self.sparse else ""
        return ", ".join(f"{one}{way}{last}" for one in self.orders[name])


def ranked(
    column: InstrumentedAttribute[str], ranks: type[StrEnum]
) -> ColumnElement[int]:
    """Return what orders codes as their enumeration does, not by the alphabet."""
    return func.array_position(array([one.value for one in ranks]), column)


def inside(
    scope: VisibleJurisdictions, column: InstrumentedAttribute[str]
) -> ColumnElement[bool]:
    """Return the condition that keeps a query inside a scope.

    A province has well over a thousand codes: they go as one array, not each as a
    parameter of its own.
    """
    if scope.is_everything:
        return true()
    return column == any_(bindparam(None, sorted(scope.codes), ARRAY(String)))


def within(
    scope: VisibleJurisdictions, column: str
) -> tuple[list[str], dict[str, list[str]]]:
    """Return the conditions and values that keep a list inside a scope."""
    if scope.is_everything:
        return [], {}
    return [f"{column} = ANY(:scope_codes)"], {"scope_codes": sorted(scope.codes)}


def page_of(
    session: Session,
    listing: Listing,
    request: PageRequest,
    make: Callable[[RowMapping], T],
) -> Page[T]:
    """Return one page of a list.

    Args:
        session: the open transaction.
        listing: what is listed.
        request: which page, in which order.
        make: turns a row into what the page holds.
    """
    order = listing.order(request.sort)
    body = f"FROM {listing.source} WHERE {' AND '.join(listing.where) or 'true'}"
    # The parts are the store's own text; whatever a person typed is bound.
    rows = session.execute(
        text(
            f"SELECT {listing.columns} {body} ORDER BY {order}"
            " LIMIT :page_size OFFSET :page_offset"
        ),
        {
            **listing.values,
            "page_size": request.size,
            "page_offset": request.offset,
        },
    )
    some = f"SELECT {body} LIMIT {COUNT_MAX}"
    count = f"SELECT count(*) FROM ({some}) c"  # noqa: S608  # the store's own text
    counted = session.execute(text(count), dict(listing.values))
    return Page(
        rows=[make(row) for row in rows.mappings()],
        total=int(counted.scalar_one()),
        request=request,
    )
