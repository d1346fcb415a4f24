"""Release files and releases; they are the same for everybody, so no scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from kuwei_hub.distribution.domain import ReleaseRow, ReleaseStatus
from kuwei_hub.distribution.models import Release, ReleaseAssignment, ReleaseFile
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.releases.assignment import Assignment
from kuwei_shared.releases.layout import check_path

#: One publisher at a time, across all hub processes.
_LOCK = 0x6B757765
SORTS: Mapping[str, InstrumentedAttribute[Any]] = {  # Any: what is ordered by
    "version": Release.serial,
    "rule_count": Release.rule_count,
    "published_at": Release.published_at,
}


@dataclass(frozen=True, slots=True)
class DatabaseFiles:
    """The repository's files in the open transaction."""

    session: Session
    clock: Clock

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, None when there is no such file."""
        query = select(ReleaseFile.content).where(ReleaseFile.path == check_path(path))
        return self.session.scalar(query)

    def write(self, path: str, data: bytes) -> None:
        """Store a file; readers see it when the transaction commits."""
        row = {"content": data, "written_at": self.clock.now()}
        statement = insert(ReleaseFile).values(path=check_path(path), **row)
        self.session.execute(
            statement.on_conflict_do_update(index_elements=["path"], set_=row)
        )


def lock(session: Session) -> None:
    """Let one transaction at a time change the repository."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def add_release(session: Session, row: ReleaseRow) -> None:
    """Record a release."""
    session.add(
        Release(
            serial=row.serial,
            version=row.version,
            status=row.status,
            sha256=row.sha256,
            length_bytes=row.length_bytes,
            rule_count=row.rule_count,
            author=row.author,
            approver=row.approver,
            note=row.note,
            published_at=row.published_at,
        )
    )
    session.flush()  # so that a version given out twice is refused here


def last_serial(session: Session) -> int:
    """Return the highest serial given out, 0 before the first."""
    return session.scalar(select(func.max(Release.serial))) or 0


def find(session: Session, version: str) -> ReleaseRow | None:
    """Return a release by version."""
    row = session.scalar(select(Release).where(Release.version == version))
    return None if row is None else _as_row(row)


def find_serial(session: Session, serial: int) -> ReleaseRow | None:
    """Return a release by serial."""
    row = session.get(Release, serial)
    return None if row is None else _as_row(row)


def page(
    session: Session, request: PageRequest, status: str | None = None
) -> Page[ReleaseRow]:
    """Return releases, newest first unless asked otherwise."""
    name = request.sort or "-version"
    column = SORTS[name.removeprefix("-")]
    order = column.desc() if name.startswith("-") else column.asc()
    where = [Release.status == status] if status else []
    query = select(Release).where(*where).order_by(order, Release.serial.desc())
    rows = session.scalars(query.offset(request.offset).limit(request.size))
    total = session.scalar(select(func.count()).select_from(Release).where(*where))
    return Page(rows=[_as_row(row) for row in rows], total=total or 0, request=request)


def withdraw_below(session: Session, serial_min: int) -> None:
    """Mark releases below the floor, and forget assignments to them."""
    session.execute(
        update(Release)
        .where(Release.serial < serial_min)
        .values(status=ReleaseStatus.WITHDRAWN)
    )
    session.execute(
        delete(ReleaseAssignment).where(ReleaseAssignment.serial < serial_min)
    )


def put_assignments(
    session: Session, codes: Mapping[str, int], *, by: str, now: dt.datetime
) -> None:
    """Assign releases to jurisdictions, lifting any pause."""
    rows = [
        {
            "mof_div_code": code,
            "serial": serial,
            "is_paused": False,
            "ring": None,
            "assigned_at": now,
            "assigned_by": by,
        }
        for code, serial in codes.items()
    ]
    statement = insert(ReleaseAssignment).values(rows)
    changed = {
        name: statement.excluded[name]
        for name in ("serial", "is_paused", "ring", "assigned_at", "assigned_by")
    }
    session.execute(
        statement.on_conflict_do_update(index_elements=["mof_div_code"], set_=changed)
    )


def set_paused(session: Session, codes: list[str], *, is_paused: bool) -> None:
    """Pause or resume jurisdictions."""
    session.execute(
        update(ReleaseAssignment)
        .where(ReleaseAssignment.mof_div_code.in_(codes))
        .values(is_paused=is_paused)
    )


def assignments(session: Session) -> dict[str, Assignment]:
    """Return the whole table, as the director signs it."""
    query = select(ReleaseAssignment, Release.version).join(
        Release, Release.serial == ReleaseAssignment.serial
    )
    return {
        row.mof_div_code: Assignment(
            version=version, paused=row.is_paused, ring=row.ring
        )
        for row, version in session.execute(query)
    }


def _as_row(row: Release) -> ReleaseRow:
    return ReleaseRow(
        serial=row.serial,
        version=row.version,
        status=ReleaseStatus(row.status),
        sha256=row.sha256,
        length_bytes=row.length_bytes,
        rule_count=row.rule_count,
        author=row.author,
        approver=row.approver,
        note=row.note,
        published_at=row.published_at,
    )
