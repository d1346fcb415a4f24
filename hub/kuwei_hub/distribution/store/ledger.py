"""The adoption ledger: what every node said about every release, and where it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import RowMapping, func, select, text
from sqlalchemy.orm import Session

from kuwei_hub.distribution.domain import Position, ReportRow, RolloutRow
from kuwei_hub.distribution.models import AdoptionReportRow
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.releases.adoption import AdoptionReport, AdoptionState

_LATEST = """
SELECT epoch, seq FROM adoption_report WHERE mof_div_code = :code
ORDER BY epoch DESC, seq DESC LIMIT 1
"""

_MOVE = """
INSERT INTO adoption AS kept
       (mof_div_code, serial, version, state, reason_code, reason, since, active_at)
VALUES (:code, :serial, :version, :state, :reason_code, :reason, :now,
        CASE WHEN :state = 'active' THEN CAST(:now AS timestamptz) END)
ON CONFLICT (mof_div_code, serial) DO UPDATE SET
  since = CASE WHEN kept.state = excluded.state THEN kept.since ELSE excluded.since END,
  state = excluded.state, reason_code = excluded.reason_code, reason = excluded.reason,
  active_at = COALESCE(excluded.active_at, kept.active_at)
"""

_ROLLOUT = """
SELECT m.code AS mof_div_code, a.serial, r.version,
       COALESCE(a.is_paused, false) AS is_paused, a.assigned_at,
       d.state, COALESCE(d.reason, '') AS reason, d.since,
       n.serial AS active_serial, n.version AS active_version
FROM unnest(CAST(:members AS text[])) AS m(code)
LEFT JOIN release_assignment a ON a.mof_div_code = m.code
LEFT JOIN release r ON r.serial = a.serial
LEFT JOIN adoption d ON d.mof_div_code = m.code AND d.serial = a.serial
LEFT JOIN LATERAL (
  SELECT serial, version FROM adoption_report
  WHERE mof_div_code = m.code AND state = 'active'
  ORDER BY epoch DESC, seq DESC LIMIT 1) n ON true
"""


def position(session: Session, scope: VisibleJurisdictions, code: str) -> Position:
    """Return how far a node's ledger has come."""
    scope.require(code)
    row = session.execute(text(_LATEST), {"code": code}).one_or_none()
    return Position() if row is None else Position(epoch=row.epoch, seq=row.seq)


def append(
    session: Session, report: AdoptionReport, signed: bytes, now: dt.datetime
) -> None:
    """Keep a verified report and move the ledger."""
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
) -> Page[RolloutRow]:
    """Return where each member stands; members the scope does not show are left out."""
    seen = [code for code in members if scope.allows(code)]
    part = f"{_ROLLOUT} ORDER BY m.code OFFSET :offset LIMIT :size"
    values = {"members": seen, "offset": request.offset, "size": request.size}
    rows = session.execute(text(part), values).mappings()
    return Page(rows=[_standing(row) for row in rows], total=len(seen), request=request)


def standing(
    session: Session, scope: VisibleJurisdictions, codes: Sequence[str]
) -> list[RolloutRow]:
    """Return where each of some members stands, however many they are."""
    values = {"members": [code for code in codes if scope.allows(code)]}
    rows = session.execute(text(_ROLLOUT), values).mappings()
    return [_standing(row) for row in rows]


def reports(
    session: Session, scope: VisibleJurisdictions, code: str, request: PageRequest
) -> Page[ReportRow]:
    """Return a node's signed reports, newest first."""
    scope.require(code)
    table = AdoptionReportRow
    own = table.mof_div_code == code
    newest = select(table).where(own).order_by(table.epoch.desc(), table.seq.desc())
    found = session.scalars(newest.offset(request.offset).limit(request.size))
    # Numbers begin anew with each enrolment: the latest is no count.
    total = session.scalar(select(func.count()).select_from(table).where(own))
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
