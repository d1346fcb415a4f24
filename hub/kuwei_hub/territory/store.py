"""Queries of jurisdictions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kuwei_hub.territory.domain import Jurisdiction, Level, Search
from kuwei_hub.territory.models import JurisdictionRow
from kuwei_shared.db.paging import inside, ranked
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.pages import Page, PageRequest

TREE_MAX = 20_000
"""More places than any province has: what is beyond would be missing in sums."""

_BELOW = """
WITH RECURSIVE part AS (
  SELECT mof_div_code, 0 AS depth FROM jurisdiction WHERE mof_div_code = ANY(:codes)
  UNION ALL
  SELECT j.mof_div_code, part.depth + 1 FROM jurisdiction j
  JOIN part ON j.fiscal_parent = part.mof_div_code WHERE part.depth < 8)
SELECT DISTINCT mof_div_code FROM part
"""


_RANKED = {"level": ranked(JurisdictionRow.level, Level)}


def below(session: Session, codes: Collection[str]) -> list[str]:
    """Return codes and all under them by fiscal parent; what scopes are made of."""
    return list(session.scalars(text(_BELOW), {"codes": sorted(codes)}))


def put(session: Session, jurisdictions: Sequence[Jurisdiction]) -> None:
    """Add jurisdictions or replace what is known of them; parents come first."""
    for jurisdiction in jurisdictions:
        values = asdict(jurisdiction)
        statement = insert(JurisdictionRow).values(values)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["mof_div_code"], set_=values
            )
        )


def find(
    session: Session, scope: VisibleJurisdictions, code: str
) -> Jurisdiction | None:
    """Return one jurisdiction."""
    scope.require(code)
    row = session.get(JurisdictionRow, code)
    return None if row is None else _jurisdiction(row)


def visible(session: Session, scope: VisibleJurisdictions) -> list[Jurisdiction]:
    """Return every visible jurisdiction, at most ``TREE_MAX``."""
    # Columns, not entities: a province's tree is read for every page of it.
    query = select(*JurisdictionRow.__table__.columns).where(
        inside(scope, JurisdictionRow.mof_div_code)
    )
    query = query.order_by(JurisdictionRow.mof_div_code).limit(TREE_MAX)
    return [_jurisdiction(row) for row in session.execute(query)]


def names(
    session: Session, scope: VisibleJurisdictions, codes: Collection[str]
) -> dict[str, str]:
    """Return the names of those codes that are visible."""
    shown = sorted(code for code in codes if scope.allows(code))
    table = JurisdictionRow
    rows = session.execute(
        select(table.mof_div_code, table.name).where(table.mof_div_code.in_(shown))
    )
    return {row.mof_div_code: row.name for row in rows}


def page(
    session: Session,
    scope: VisibleJurisdictions,
    search: Search,
    request: PageRequest,
) -> Page[Jurisdiction]:
    """Return a page of jurisdictions."""
    where = [inside(scope, JurisdictionRow.mof_div_code), *_matching(search)]
    sort = request.sort or "mof_div_code"
    name = sort.removeprefix("-")
    column = _RANKED.get(name, getattr(JurisdictionRow, name))
    order = column.desc() if sort.startswith("-") else column.asc()
    query = select(JurisdictionRow).where(*where)
    rows = session.scalars(
        query.order_by(order, JurisdictionRow.mof_div_code)
        .offset(request.offset)
        .limit(request.size)
    )
    total = session.scalar(
        select(func.count()).select_from(JurisdictionRow).where(*where)
    )
    found = [_jurisdiction(row) for row in rows]
    return Page(rows=found, total=total or 0, request=request)


def _matching(search: Search) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if search.words:
        named = JurisdictionRow.name.contains(search.words, autoescape=True)
        coded = JurisdictionRow.mof_div_code.startswith(search.words, autoescape=True)
        found.append(named | coded)
    if search.level:
        found.append(JurisdictionRow.level == search.level)
    if search.parent:
        found.append(JurisdictionRow.fiscal_parent == search.parent)
    return found


def _jurisdiction(row: JurisdictionRow | Row[Any]) -> Jurisdiction:
    return Jurisdiction(
        mof_div_code=row.mof_div_code,
        name=row.name,
        level=Level(row.level),
        fiscal_parent=row.fiscal_parent,
        administrative_parent=row.administrative_parent,
        host=row.host,
        opened_on=row.opened_on,
        closed_on=row.closed_on,
        successor=row.successor,
    )
