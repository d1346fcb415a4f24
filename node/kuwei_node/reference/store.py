"""Every statement that touches reference data.

Loading is set work: rows are COPYed into a temporary table and applied by a
handful of statements. Loading is the node's own act and takes no scope; reads
for people do.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, Table, func, insert, or_, select, text, true
from sqlalchemy.orm import Session

from kuwei_node.reference.domain import (
    ALWAYS_FROM,
    ALWAYS_TO,
    ELSEWHERE,
    INVERTED,
    KEYS,
    KNOWN_FOREVER,
    PLAIN_FACTS,
    REPEATED,
    WITHOUT_DIVISION,
    Change,
    Foreign,
    Named,
    Reject,
)
from kuwei_node.reference.models import ReferenceLoad, ReferenceReject
from kuwei_shared.db.base import NodeTable
from kuwei_shared.db.bulk import copy_rows
from kuwei_shared.db.prepared import Prepared
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.pages import Page, PageRequest

REFERENCE_LOCK = 1
"""Advisory lock screenings share and loading takes alone, so that no payment is
judged by reference data other than what its sequence number says was known."""

STAGE = "reference_stage"
LOAD_TIMEOUT_MS = 600_000
_OWN = frozenset({"id", "known_from", "known_to"})


def open_stage(session: Session, entity: str) -> None:
    """Make an empty staging table shaped like an entity, for this transaction."""
    columns = ", ".join(_columns(entity))
    session.execute(text(f"SET LOCAL statement_timeout = {LOAD_TIMEOUT_MS:d}"))
    session.execute(text(f"DROP TABLE IF EXISTS pg_temp.{STAGE}"))
    session.execute(
        text(
            f"CREATE TEMP TABLE {STAGE} ON COMMIT DROP AS"
            f" SELECT 0::bigint AS line, {columns} FROM {entity} WITH NO DATA"
        )
    )


def stage(session: Session, rows: pa.Table) -> int:
    """Append rows (``line`` and entity columns) to the staging table."""
    return copy_rows(session, STAGE, rows)


def fill_division(session: Session, mof_div_code: str) -> None:
    """Give staged rows that name no division the one they came from."""
    session.execute(
        text(f"UPDATE {STAGE} SET mof_div_code = :code WHERE mof_div_code IS NULL"),
        {"code": mof_div_code},
    )


def apply(
    session: Session,
    entity: str,
    valid_from: dt.date = ALWAYS_FROM,
    *,
    hands_over: bool = False,
) -> Change:
    """Make the staged rows what the node knows from now on.

    Args:
        session: the open transaction with the stage filled.
        entity: table name.
        valid_from: start of validity for rows that state none.
        hands_over: rows may take over a code another division uses.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": REFERENCE_LOCK})
    now = int(session.execute(text("SELECT nextval('payment_seq')")).scalar_one())
    rejected = _reject_repeated(session, entity)
    if entity in PLAIN_FACTS:
        rejected |= {} if hands_over else _reject_elsewhere(session, entity)
        added, unchanged = _upsert(session, entity)
        return Change(
            known_from=now,
            added=added,
            closed=0,
            unchanged=unchanged,
            rejected=rejected,
        )
    rejected |= _settle_validity(session, entity, valid_from)
    rejected |= {} if hands_over else _reject_elsewhere(session, entity)
    session.execute(text(f"ANALYZE {STAGE}"))
    unchanged = _drop_unchanged(session, entity)
    added = _count(session)
    closed = _close_overlapped(session, entity, now)
    _insert_stage(session, entity, now)
    return Change(
        known_from=now,
        added=added,
        closed=closed,
        unchanged=unchanged,
        rejected=rejected,
    )


def record_load(session: Session, values: Mapping[str, object]) -> int:
    """Keep what a load did; return its number."""
    row = session.execute(
        insert(ReferenceLoad).values(**values).returning(ReferenceLoad.id)
    )
    return int(row.scalar_one())


def record_rejects(session: Session, rejects: pa.Table) -> None:
    """Keep refused rows (load_id, mof_div_code, line, raw, reason, field)."""
    copy_rows(session, ReferenceReject.__tablename__, rejects)


_HOSTED = Prepared(
    "SELECT DISTINCT mof_div_code FROM jurisdiction WHERE fiscal_parent = ANY($1)"
    f" AND level = 'township' AND known_to = {KNOWN_FOREVER} ORDER BY 1",
    ("text[]",),
)


def hosted_by(session: Session, divisions: Collection[str]) -> list[str]:
    """Return the townships whose fiscal parent is among bureaus, as known now."""
    return [row[0] for row in _HOSTED.run(session, sorted(divisions))]


_FOREIGN = Prepared(
    "SELECT g.place - 1, x.field, x.code FROM unnest($1, $2, $3::date[]) WITH"
    " ORDINALITY AS g(agency_code, bgt_id, day, place) CROSS JOIN LATERAL ("
    + " UNION ALL ".join(
        f"SELECT '{key}' AS field, t.{key} AS code FROM {entity} t"
        f" WHERE t.{key} = g.{key} AND t.known_to = {KNOWN_FOREVER}"
        " AND g.day >= t.valid_from AND g.day < t.valid_to"
        " AND t.mof_div_code <> ALL ($4)"
        for entity, key in (("agency", "agency_code"), ("appropriation", "bgt_id"))
    )
    + ") x ORDER BY g.place LIMIT 1",
    ("text[]", "text[]", "text[]", "text[]"),
)


def foreign(
    session: Session, scope: VisibleJurisdictions, named: Sequence[Named]
) -> Foreign | None:
    """Return the first unit or appropriation that is outside the scope, if one is.

    What is not known on its day, or not whose it is, is not outside.
    """
    units, appropriations, days = zip(*named, strict=True)
    rows = _FOREIGN.run(
        session, list(units), list(appropriations), list(days), sorted(scope.codes)
    )
    return Foreign(*rows[0]) if rows else None


def page(
    session: Session,
    scope: VisibleJurisdictions,
    entity: str,
    *,
    request: PageRequest,
    key: str | None = None,
) -> Page[Mapping[str, Any]]:  # Any: columns differ by entity
    """Return what is known now about an entity, a page of it, by key."""
    table = _table(entity)
    keys = [table.c[name] for name in KEYS[entity]]
    query = select(table).where(_visible(table, scope))
    if "known_to" in table.c:
        query = query.where(table.c.known_to == KNOWN_FOREVER)
    if key is not None:
        query = query.where(keys[0] == key)
    total = session.execute(select(func.count()).select_from(query.subquery()))
    rows = session.execute(
        query.order_by(*keys, table.c.id).offset(request.offset).limit(request.size)
    )
    return Page(
        rows=[dict(row) for row in rows.mappings()],
        total=int(total.scalar_one()),
        request=request,
    )


def history(
    session: Session, scope: VisibleJurisdictions, entity: str, key: Sequence[object]
) -> list[Mapping[str, Any]]:  # Any: columns differ by entity
    """Return every version ever known of one thing, oldest knowledge first."""
    table = _table(entity)
    same = [table.c[n] == v for n, v in zip(KEYS[entity], key, strict=True)]
    query = select(table).where(_visible(table, scope), *same)
    order = [table.c[n] for n in ("known_from", "valid_from", "id") if n in table.c]
    rows = session.execute(query.order_by(*order).limit(PageRequest().size))
    return [dict(row) for row in rows.mappings()]


def _reject_repeated(session: Session, entity: str) -> dict[int, Reject]:
    """Keep the first of rows for the same thing and time."""
    key = [*KEYS[entity], *(["valid_from"] if entity not in PLAIN_FACTS else [])]
    rows = session.execute(
        text(
            f"DELETE FROM {STAGE} s USING (SELECT line, row_number() OVER"
            f" (PARTITION BY {', '.join(key)} ORDER BY line) AS turn FROM {STAGE}) r"
            " WHERE r.line = s.line AND r.turn > 1 RETURNING s.line"
        )
    )
    return dict.fromkeys(rows.scalars(), Reject(reason=REPEATED))


def _reject_elsewhere(session: Session, entity: str) -> dict[int, Reject]:
    """Refuse codes that another division uses at the time: they would be taken for it.

    Facts and names know a unit, an appropriation or an account by its code alone.
    """
    if entity in WITHOUT_DIVISION:
        return {}
    overlaps = (
        f" AND t.known_to = {KNOWN_FOREVER} AND s.valid_from < t.valid_to"
        " AND t.valid_from < s.valid_to"
    )
    rows = session.execute(
        text(
            f"DELETE FROM {STAGE} s USING {entity} t WHERE {_same_key(entity)}"
            " AND t.mof_div_code <> s.mof_div_code"
            f"{'' if entity in PLAIN_FACTS else overlaps}"
            f" RETURNING s.line, s.{KEYS[entity][0]} AS code, t.mof_div_code AS owner"
        )
    )
    return {
        row.line: Reject(reason=ELSEWHERE, code=row.code, owner=row.owner)
        for row in rows
    }


def _settle_validity(
    session: Session, entity: str, valid_from: dt.date
) -> dict[int, Reject]:
    """Fill open ends, refuse inverted periods, end a period where the next begins."""
    session.execute(
        text(
            f"UPDATE {STAGE} SET valid_from = coalesce(valid_from, :start),"
            " valid_to = coalesce(valid_to, :end)"
            " WHERE valid_from IS NULL OR valid_to IS NULL"
        ),
        {"start": valid_from, "end": ALWAYS_TO},
    )
    rows = session.execute(
        text(f"DELETE FROM {STAGE} WHERE valid_from >= valid_to RETURNING line")
    )
    refused = dict.fromkeys(rows.scalars(), Reject(reason=INVERTED))
    keys = ", ".join(KEYS[entity])
    session.execute(
        text(
            f"UPDATE {STAGE} s SET valid_to = r.next FROM (SELECT line,"
            f" lead(valid_from) OVER (PARTITION BY {keys} ORDER BY valid_from) AS next"
            f" FROM {STAGE}) r WHERE r.line = s.line AND r.next < s.valid_to"
        )
    )
    return refused


def _drop_unchanged(session: Session, entity: str) -> int:
    same = " AND ".join(f"t.{c} IS NOT DISTINCT FROM s.{c}" for c in _others(entity))
    result = session.execute(
        text(
            f"DELETE FROM {STAGE} s USING {entity} t WHERE {_same_key(entity)}"
            f" AND t.known_to = {KNOWN_FOREVER} AND {same} RETURNING s.line"
        )
    )
    return len(result.scalars().all())


def _close_overlapped(session: Session, entity: str, now: int) -> int:
    """Close current versions the stage replaces; keep what lies outside it."""
    columns = [c for c in _columns(entity) if c not in {"valid_from", "valid_to"}]
    listed, qualified = ", ".join(columns), ", ".join(f"t.{c}" for c in columns)
    result = session.execute(
        text(
            f"WITH closed AS (UPDATE {entity} t SET known_to = :now WHERE"
            f" t.known_to = {KNOWN_FOREVER} AND EXISTS (SELECT FROM {STAGE} s WHERE"
            f" {_same_key(entity)} AND s.valid_from < t.valid_to"
            " AND t.valid_from < s.valid_to) RETURNING t.*), kept AS ("
            f" INSERT INTO {entity} ({listed}, valid_from, valid_to, known_from)"
            f" SELECT {qualified}, lower(part), upper(part), :now FROM closed t,"
            " unnest(datemultirange(daterange(t.valid_from, t.valid_to))"
            " - (SELECT range_agg(daterange(s.valid_from, s.valid_to))"
            f" FROM {STAGE} s WHERE {_same_key(entity)})) AS part)"
            " SELECT count(*) FROM closed"
        ),
        {"now": now},
    )
    return int(result.scalar_one())


def _insert_stage(session: Session, entity: str, now: int) -> None:
    columns = ", ".join(_columns(entity))
    session.execute(
        text(
            f"INSERT INTO {entity} ({columns}, known_from)"
            f" SELECT {columns}, :now FROM {STAGE} ORDER BY line"
        ),
        {"now": now},
    )


def _upsert(session: Session, entity: str) -> tuple[int, int]:
    columns = _columns(entity)
    others = _others(entity)
    new = ", ".join(f"{c} = excluded.{c}" for c in others)
    differs = " OR ".join(f"t.{c} IS DISTINCT FROM excluded.{c}" for c in others)
    listed = ", ".join(columns)
    staged = _count(session)
    result = session.execute(
        text(
            f"WITH done AS (INSERT INTO {entity} AS t ({listed}) SELECT {listed}"
            f" FROM {STAGE} ORDER BY line ON CONFLICT ({', '.join(KEYS[entity])})"
            f" DO UPDATE SET {new} WHERE {differs} RETURNING 1)"
            " SELECT count(*) FROM done"
        )
    )
    changed = int(result.scalar_one())
    return changed, staged - changed


def _count(session: Session) -> int:
    return int(session.execute(text(f"SELECT count(*) FROM {STAGE}")).scalar_one())


def _same_key(entity: str) -> str:
    return " AND ".join(f"t.{name} = s.{name}" for name in KEYS[entity])


def _table(entity: str) -> Table:
    return NodeTable.metadata.tables[entity]


def _columns(entity: str) -> list[str]:
    return [column.name for column in _table(entity).c if column.name not in _OWN]


def _others(entity: str) -> list[str]:
    return [name for name in _columns(entity) if name not in KEYS[entity]]


def _visible(table: Table, scope: VisibleJurisdictions) -> ColumnElement[bool]:
    if scope.is_everything or "mof_div_code" not in table.c:
        return true()
    division = table.c.mof_div_code
    return or_(division.is_(None), division.in_(scope.codes))
