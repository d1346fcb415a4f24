"""Row-level security seen from every jurisdiction: each finds its own rows alone."""

from __future__ import annotations

from collections.abc import Sequence

from places import PLACES, TOWNSHIPS
from processes import StageFailedError
from sqlalchemy import create_engine, text
from state import ROLE, Stack

from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.identity.scope import (
    VisibleJurisdictions,
    of_jurisdictions,
    of_service,
)

CODES = (*(place.code for place in PLACES), *TOWNSHIPS)


def walls(stack: Stack) -> str:
    """Count each database's rows as every jurisdiction, with no filter but the wall."""
    looked = [("hub", "statistic"), *((p.database, "payment") for p in stack.places)]
    for database, table in looked:
        _look(stack, database, table)
    return f"{len(looked)} 个库,{len(CODES)} 个区划各见本区划的数据"


def _look(stack: Stack, database: str, table: str) -> None:
    scopes = [of_service(), *(of_jurisdictions([code]) for code in CODES)]
    everything, *parts = _seen(stack, database, table, scopes)
    for code, part in zip(CODES, parts, strict=True):
        own = {code: everything[code]} if code in everything else {}
        if part != own:
            raise StageFailedError(f"{database}: {code} sees {part}, not {own}")


def _seen(
    stack: Stack, database: str, table: str, scopes: Sequence[VisibleJurisdictions]
) -> list[dict[str, int]]:
    """Return division → rows as each scope sees them, as the pages' own role."""
    asked = text(f"SELECT mof_div_code, count(*) FROM {table} GROUP BY 1")  # noqa: S608  # our own names
    engine = create_engine(stack.address(database))
    found = []
    for scope in scopes:
        with UnitOfWork(engine, ROLE).begin(scope) as session:
            found.append({row[0]: row[1] for row in session.execute(asked)})
    engine.dispose()
    return found
