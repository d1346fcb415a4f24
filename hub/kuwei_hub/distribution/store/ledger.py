"""The adoption ledger: what every node said about every release, and where it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import RowMapping, func, select, text
from sqlalchemy.orm import Session

from kuwei_hub.distribution.domain import (
    STANDINGS,
    Position,
    Reach,
    ReportRow,
    RolloutRow,
    RolloutSearch,
)
from kuwei_hub.distribution.models import AdoptionReportRow
from kuwei_shared.db.paging import Listing, page_of
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.releases.adoption import AdoptionReport, AdoptionState
from kuwei_shared.trust import dsse

_LATEST = """
SELECT epoch, seq FROM adoption_report WHERE mof_div_code = :code
ORDER BY epoch DESC, seq DESC LIMIT 1
"""

_MOVE = """
INSERT INTO adoption AS kept
       (mof_div_code, serial, version, state, reason_code, reason, since, active_at)
SELECT :code, r.serial, :version, :state, :reason_code, :reason,
       CAST(:now AS timestamptz),
       CASE WHEN :state = 'active' THEN CAST(:now AS timestamptz) END
FROM (SELECT CASE WHEN CAST(:serial AS integer) > 0 THEN CAST(:serial AS integer) ELSE
        (SELECT serial FROM release WHERE version = :version) END AS serial) r
WHERE r.serial IS NOT NULL
ON CONFLICT (mof_div_code, serial) DO UPDATE SET
  since = CASE WHEN kept.state = excluded.state THEN kept.since ELSE excluded.since END,
  state = excluded.state, reason_code = excluded.reason_code, reason = excluded.reason,
  active_at = COALESCE(excluded.active_at, kept.active_at)
"""

_SHOWN = """m.code AS mof_div_code, a.serial, r.version,
       COALESCE(a.is_paused, false) AS is_paused, a.assigned_at,
       d.state, COALESCE(d.reason, '') AS reason, d.since,
       n.serial AS active_serial, n.version AS active_version,
       m.code = ANY(CAST(:suspended AS text[])) AS is_suspended"""

_MEMBERS = """unnest(CAST(:members AS text[])) AS m(code)
LEFT JOIN jurisdiction j ON j.mof_div_code = m.code
LEFT JOIN release_assignment a ON a.mof_div_code = m.code
LEFT JOIN release r ON r.serial = a.serial
LEFT JOIN adoption d ON d.mof_div_code = m.code AND d.serial = a.serial
LEFT JOIN LATERAL (
  SELECT serial, version FROM adoption_report
  WHERE mof_div_code = m.code AND state = 'active'
  ORDER BY epoch DESC, seq DESC LIMIT 1) n ON true"""

_STANDS = """CASE WHEN m.code = ANY(CAST(:suspended AS text[])) THEN 'suspended'
  WHEN a.serial IS NULL THEN 'unassigned' WHEN a.is_paused THEN 'paused'
  ELSE COALESCE(d.state, 'waiting') END"""
_RANKS = ", ".join(f"'{one}'" for one in STANDINGS)
_ORDERS = {
    "mof_div_code": ["m.code"],
    "version": ["a.serial", "m.code"],
    "state_title": [f"array_position(ARRAY[{_RANKS}], {_STANDS})", "m.code"],
    "since": ["d.since", "m.code"],
    "active_version": ["n.serial", "m.code"],
}


def position(session: Session, scope: VisibleJurisdictions, code: str) -> Position:
    """Return how far a node's ledger has come."""
    scope.require(code)
    row = session.execute(text(_LATEST), {"code": code}).one_or_none()
    return Position() if row is None else Position(epoch=row.epoch, seq=row.seq)


def payload(
    session: Session, scope: VisibleJurisdictions, report: AdoptionReport
) -> bytes | None:
    """Return the signed bytes held under a report's number; None where none are."""
    scope.require(report.node_code)
    key = (report.node_code, report.epoch, report.seq)
    row = session.get(AdoptionReportRow, key)
    return None if row is None else dsse.from_json(row.signed).payload


def append(
    session: Session, report: AdoptionReport, signed: bytes, now: dt.datetime
) -> None:
    """Keep a verified report and move the ledger.

    What a node refused unseen is moved by its version; what is about no release the
    hub knows is kept, and moves nothing.
    """
    session.add(
        AdoptionReportRow(
            mof_div_code=report.node_code,
            epoch=report.epoch,
            seq=report.seq,
            serial=report.serial,
            version=report.version,
            state=report.state,
            reason_code=report.reason_code,
            reason=report.reason,
            happened_at=report.happened_at,
            received_at=now,
            signed=signed,
        )
    )
    session.flush()  # the ledger below must not outrun its evidence
    values = {
        "code": report.node_code,
        "serial": report.serial,
        "version": report.version,
        "state": report.state,
        "reason_code": report.reason_code,
        "reason": report.reason,
        "now": now,
    }
    session.execute(text(_MOVE), values)


def rollout(
    session: Session,
    scope: VisibleJurisdictions,
    members: Sequence[str],
    request: PageRequest,
    search: RolloutSearch,
) -> Page[RolloutRow]:
    """Return where each member stands; members the scope does not show are left out."""
    values: dict[str, str | list[str]] = {
        "members": [code for code in members if scope.allows(code)],
        "suspended": sorted(search.suspended),
    }
    where = []
    if search.words:
        where.append("(starts_with(m.code, :words) OR strpos(j.name, :words) > 0)")
        values["words"] = search.words
    if search.version:
        where.append("r.version = :version")
        values["version"] = search.version
    if search.standing:
        where.append(f"{_STANDS} = :standing")
        values["standing"] = search.standing
    listing = Listing(
        columns=_SHOWN,
        source=_MEMBERS,
        where=where,
        values=values,
        orders=_ORDERS,
        default="mof_div_code",
        sparse=("version", "since", "active_version"),
    )
    return page_of(session, listing, request, _standing)


_REACHED = f"""
WITH held AS MATERIALIZED (SELECT a.serial AS due, n.serial AS active FROM {_MEMBERS})
SELECT serial, sum(assigned)::int, sum(running)::int FROM (
  SELECT due, count(*), 0 FROM held GROUP BY 1
  UNION ALL SELECT active, 0, count(*) FROM held GROUP BY 1
) AS found(serial, assigned, running) WHERE serial IS NOT NULL GROUP BY 1"""


def reached(
    session: Session, scope: VisibleJurisdictions, members: Sequence[str]
) -> dict[int, Reach]:
    """Return how far each release has come among the members the scope shows."""
    shown = [code for code in members if scope.allows(code)]
    rows = session.execute(text(_REACHED), {"members": shown})
    return {serial: Reach(assigned=due, running=on) for serial, due, on in rows}


def standing(
    session: Session, scope: VisibleJurisdictions, codes: Sequence[str]
) -> list[RolloutRow]:
    """Return where each of some members stands, however many they are."""
    shown = [code for code in codes if scope.allows(code)]
    rows = session.execute(
        text(f"SELECT {_SHOWN} FROM {_MEMBERS}"), {"members": shown, "suspended": []}
    )
    return [_standing(row) for row in rows.mappings()]


def reports(
    session: Session,
    scope: VisibleJurisdictions,
    code: str,
    request: PageRequest,
    *,
    state: str | None = None,
) -> Page[ReportRow]:
    """Return a node's signed reports, newest first unless asked for the oldest."""
    scope.require(code)
    table = AdoptionReportRow
    where = [table.mof_div_code == code]
    where += [table.state == state] if state else []
    order = [table.epoch, table.seq]
    if request.sort != "seq":
        order = [column.desc() for column in order]  # type: ignore[misc]  # columns turned round
    query = select(table).where(*where).order_by(*order)
    found = session.scalars(query.offset(request.offset).limit(request.size))
    # Numbers begin anew with each enrolment: the latest is no count.
    total = session.scalar(select(func.count()).select_from(table).where(*where))
    rows = [_as_row(row) for row in found]
    return Page(rows=rows, total=total or 0, request=request)


def _standing(row: RowMapping) -> RolloutRow:
    state = row["state"] and AdoptionState(row["state"])
    return RolloutRow(**{**row, "state": state})


def _as_row(row: AdoptionReportRow) -> ReportRow:
    return ReportRow(
        epoch=row.epoch,
        seq=row.seq,
        serial=row.serial,
        version=row.version,
        state=AdoptionState(row.state),
        reason_code=row.reason_code,
        reason=row.reason,
        happened_at=row.happened_at,
        received_at=row.received_at,
    )
