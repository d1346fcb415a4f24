"""The edition in force and the releases a node has seen; one node has one of each."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, defer

from kuwei_node.catalogue.domain import (
    ReleaseState,
    SeenRelease,
    Status,
    Told,
)
from kuwei_node.catalogue.models import (
    CatalogueRelease,
    CatalogueState,
)
from kuwei_shared.db.prepared import Prepared
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.releases.adoption import AdoptionState

_ENSURE = """
INSERT INTO catalogue_state (id, edition, trouble) VALUES (1, 0, '')
ON CONFLICT DO NOTHING
"""
_RAISE = """
UPDATE catalogue_state SET edition = edition + 1 + floor(random() * 4294967296)::bigint
"""
_EDITION = Prepared("SELECT edition FROM catalogue_state", ())
_WITHOUT_BUNDLE = select(CatalogueRelease).options(defer(CatalogueRelease.bundle))


def edition(session: Session) -> int:
    """Return the edition in force: one row, asked before every screening."""
    found = _EDITION.run(session)
    return int(found[0][0]) if found else 0


def raise_edition(session: Session) -> None:
    """Tell every process that what is in force has changed.

    The step is random: a change rolled back after it was compiled in this process
    must not share its number with the next one that is committed.
    """
    session.execute(text(_ENSURE))
    session.execute(text(_RAISE))


def note_look(session: Session, at: dt.datetime | None, trouble: str) -> None:
    """Remember how the newest look at the province went."""
    session.execute(text(_ENSURE))
    values: dict[str, object] = {"trouble": trouble}
    if at is not None:
        values["checked_at"] = at
    session.execute(update(CatalogueState).values(values))


def told(session: Session) -> Told:
    """Return what the province was told last."""
    state = session.scalar(select(CatalogueState))
    if state is None:
        return Told()
    return Told(
        version=state.told_version,
        state=AdoptionState(state.told_state) if state.told_state else None,
        failure=state.told_failure,
        doubt=state.told_doubt,
    )


def note_told(session: Session, said: Told) -> None:
    """Remember what the province was told last."""
    session.execute(text(_ENSURE))
    values = {
        "told_version": said.version,
        "told_state": said.state or "",
        "told_failure": said.failure,
        "told_doubt": said.doubt,
    }
    session.execute(update(CatalogueState).values(values))


def status(session: Session, now: dt.datetime) -> Status:
    """Return how the catalogue stands."""
    state = session.scalar(select(CatalogueState))
    if state is None:
        return Status(active=None, edition=0, checked_at=None, trouble="", now=now)
    active = None
    if state.active_serial is not None:
        active = find(session, state.active_serial)
    return Status(
        active=active,
        edition=state.edition,
        checked_at=state.checked_at,
        trouble=state.trouble,
        now=now,
    )


def keep(session: Session, seen: SeenRelease, bundle: bytes) -> None:
    """Keep a verified bundle; a second look at the same one changes nothing."""
    row = {
        "serial": seen.serial,
        "version": seen.version,
        "sha256": seen.sha256,
        "bundle": bundle,
        "state": seen.state,
        "reason": seen.reason,
        "verified_at": seen.verified_at,
    }
    session.execute(insert(CatalogueRelease).values(row).on_conflict_do_nothing())


def set_state(
    session: Session, serial: int, state: ReleaseState, reason: str = ""
) -> None:
    """Move a release to another state."""
    session.execute(
        update(CatalogueRelease)
        .where(CatalogueRelease.serial == serial)
        .values(state=state, reason=reason)
    )


def activate(session: Session, serial: int, now: dt.datetime) -> None:
    """Put a release in force, atomically for every reader of the edition."""
    raise_edition(session)
    session.execute(
        update(CatalogueRelease)
        .where(CatalogueRelease.state == ReleaseState.ACTIVE)
        .values(state=ReleaseState.REPLACED)
    )
    session.execute(
        update(CatalogueRelease)
        .where(CatalogueRelease.serial == serial)
        .values(state=ReleaseState.ACTIVE, reason="", activated_at=now)
    )
    session.execute(update(CatalogueState).values(active_serial=serial))


def find(session: Session, serial: int) -> SeenRelease | None:
    """Return a release by serial."""
    row = session.scalar(_WITHOUT_BUNDLE.where(CatalogueRelease.serial == serial))
    return None if row is None else _as_release(row)


def page(session: Session, request: PageRequest) -> Page[SeenRelease]:
    """Return releases seen, newest first."""
    query = _WITHOUT_BUNDLE.order_by(CatalogueRelease.serial.desc())
    rows = session.scalars(query.offset(request.offset).limit(request.size))
    total = session.scalar(select(func.count()).select_from(CatalogueRelease)) or 0
    return Page(rows=[_as_release(row) for row in rows], total=total, request=request)


def active_bundle(session: Session) -> tuple[str, bytes] | None:
    """Return version and bundle of the release in force."""
    row = session.execute(
        select(CatalogueRelease.version, CatalogueRelease.bundle).join(
            CatalogueState, CatalogueState.active_serial == CatalogueRelease.serial
        )
    ).one_or_none()
    return None if row is None else (row.version, row.bundle)


def bundle(session: Session, version: str) -> bytes | None:
    """Return the bundle of any release seen."""
    return session.scalar(
        select(CatalogueRelease.bundle).where(CatalogueRelease.version == version)
    )


def _as_release(row: CatalogueRelease) -> SeenRelease:
    return SeenRelease(
        serial=row.serial,
        version=row.version,
        sha256=row.sha256,
        state=ReleaseState(row.state),
        reason=row.reason,
        verified_at=row.verified_at,
        activated_at=row.activated_at,
    )
