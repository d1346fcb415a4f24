"""Queries of the catalogue; one node has one, so nothing here is per jurisdiction."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, defer

from kuwei_node.catalogue.domain import (
    LocalRule,
    Proposal,
    ProposalState,
    ReleaseState,
    SeenRelease,
    Status,
    Tuning,
)
from kuwei_node.catalogue.models import (
    AdoptionOutbox,
    CatalogueRelease,
    CatalogueState,
    LocalRuleRow,
    RuleTuning,
    TuningProposal,
)
from kuwei_shared.db.prepared import Prepared
from kuwei_shared.kernel.pages import Page, PageRequest

_ENSURE = (
    "INSERT INTO catalogue_state VALUES (1, NULL, 0, NULL, '') ON CONFLICT DO NOTHING"
)
_RAISE = """
UPDATE catalogue_state SET edition = edition + 1 + floor(random() * 4294967296)::bigint
"""
_EDITION = Prepared("SELECT edition FROM catalogue_state", ())
_WITHOUT_BUNDLE = select(CatalogueRelease).options(defer(CatalogueRelease.bundle))
_NEXT = """
INSERT INTO adoption_head AS head (epoch, seq) VALUES (:epoch, 1)
ON CONFLICT (epoch) DO UPDATE SET seq = head.seq + 1 RETURNING seq
"""


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


def status(session: Session, now: dt.datetime) -> Status:
    """Return how the catalogue stands."""
    state = session.scalar(select(CatalogueState))
    if state is None:
        return Status(active=None, edition=0, checked_at=None, trouble="", now=now)
    active = None
    if state.active_serial is not None:
        active = release(session, state.active_serial)
    return Status(
        active=active,
        edition=state.edition,
        checked_at=state.checked_at,
        trouble=state.trouble,
        now=now,
    )


def keep_release(session: Session, seen: SeenRelease, bundle: bytes) -> None:
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


def release(session: Session, serial: int) -> SeenRelease | None:
    """Return a release by serial."""
    row = session.scalar(_WITHOUT_BUNDLE.where(CatalogueRelease.serial == serial))
    return None if row is None else _as_release(row)


def releases(session: Session, request: PageRequest) -> Page[SeenRelease]:
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


def tunings(session: Session, at: dt.datetime | None = None) -> list[Tuning]:
    """Return tunings in force now, or at a moment."""
    query = select(RuleTuning).order_by(RuleTuning.rule_id, RuleTuning.param)
    if at is None:
        query = query.where(RuleTuning.until_at.is_(None))
    else:
        ended = or_(RuleTuning.until_at.is_(None), RuleTuning.until_at > at)
        query = query.where(RuleTuning.from_at <= at, ended)
    return [
        Tuning(
            rule_id=row.rule_id,
            param=row.param,
            value=row.value,
            proposed_by=row.proposed_by,
            approved_by=row.approved_by,
            from_at=row.from_at,
        )
        for row in session.scalars(query)
    ]


def end_tuning(session: Session, rule_id: str, param: str, now: dt.datetime) -> None:
    """End the tuning of a parameter, if there is one."""
    session.execute(
        update(RuleTuning)
        .where(
            RuleTuning.rule_id == rule_id,
            RuleTuning.param == param,
            RuleTuning.until_at.is_(None),
        )
        .values(until_at=now)
    )


def add_tuning(session: Session, tuning: Tuning) -> None:
    """Record a tuning."""
    session.add(
        RuleTuning(
            rule_id=tuning.rule_id,
            param=tuning.param,
            value=tuning.value,
            proposed_by=tuning.proposed_by,
            approved_by=tuning.approved_by,
            from_at=tuning.from_at,
        )
    )
    session.flush()  # so that the edition's readers find it


def add_proposal(session: Session, proposal: Proposal) -> int:
    """Record a proposal; return its number."""
    row = TuningProposal(
        rule_id=proposal.rule_id,
        param=proposal.param,
        value=proposal.value,
        reason=proposal.reason,
        state=proposal.state,
        proposed_by=proposal.proposed_by,
        proposed_at=proposal.proposed_at,
        note=proposal.note,
    )
    session.add(row)
    session.flush()
    return row.id


def locked_proposal(session: Session, proposal_id: int) -> Proposal | None:
    """Return a proposal, locked until the transaction ends."""
    row = session.get(TuningProposal, proposal_id, with_for_update=True)
    return None if row is None else _as_proposal(row)


def waiting_proposal(session: Session, rule_id: str, param: str) -> Proposal | None:
    """Return the proposal on a parameter that waits for a decision, if any."""
    row = session.scalar(
        select(TuningProposal).where(
            TuningProposal.rule_id == rule_id,
            TuningProposal.param == param,
            TuningProposal.state == ProposalState.WAITING,
        )
    )
    return None if row is None else _as_proposal(row)


def decide_proposal(session: Session, decided: Proposal) -> None:
    """Record the decision on a proposal."""
    session.execute(
        update(TuningProposal)
        .where(TuningProposal.id == decided.id)
        .values(
            state=decided.state,
            decided_by=decided.decided_by,
            decided_at=decided.decided_at,
            note=decided.note,
        )
    )


def proposals(
    session: Session, request: PageRequest, state: ProposalState | None = None
) -> Page[Proposal]:
    """Return proposals, newest first unless asked otherwise."""
    where = [] if state is None else [TuningProposal.state == state]
    moment = TuningProposal.id
    order = moment.asc() if request.sort == "proposed_at" else moment.desc()
    query = select(TuningProposal).where(*where).order_by(order)
    rows = session.scalars(query.offset(request.offset).limit(request.size))
    total = session.scalar(
        select(func.count()).select_from(TuningProposal).where(*where)
    )
    found = [_as_proposal(row) for row in rows]
    return Page(rows=found, total=total or 0, request=request)


def local_rules(session: Session, at: dt.datetime | None = None) -> list[LocalRule]:
    """Return local rules in force now, or at a moment."""
    query = select(LocalRuleRow).order_by(LocalRuleRow.rule_id)
    if at is None:
        query = query.where(LocalRuleRow.until_at.is_(None))
    else:
        ended = or_(LocalRuleRow.until_at.is_(None), LocalRuleRow.until_at > at)
        query = query.where(LocalRuleRow.from_at <= at, ended)
    return [
        LocalRule(
            rule_id=row.rule_id,
            version=row.version,
            source=row.source,
            proposed_by=row.proposed_by,
            approved_by=row.approved_by,
            from_at=row.from_at,
        )
        for row in session.scalars(query)
    ]


def last_local_version(session: Session, rule_id: str) -> int:
    """Return the highest version a local rule ever had, 0 for a new one."""
    table = LocalRuleRow
    return (
        session.scalar(select(func.max(table.version)).where(table.rule_id == rule_id))
        or 0
    )


def end_local_rule(session: Session, rule_id: str, now: dt.datetime) -> None:
    """End a local rule, if it is in force."""
    session.execute(
        update(LocalRuleRow)
        .where(LocalRuleRow.rule_id == rule_id, LocalRuleRow.until_at.is_(None))
        .values(until_at=now)
    )


def add_local_rule(session: Session, rule: LocalRule) -> None:
    """Record a local rule."""
    session.add(
        LocalRuleRow(
            rule_id=rule.rule_id,
            version=rule.version,
            source=rule.source,
            proposed_by=rule.proposed_by,
            approved_by=rule.approved_by,
            from_at=rule.from_at,
        )
    )
    session.flush()  # so that the edition's readers find it


def next_report_seq(session: Session, epoch: int) -> int:
    """Return the next number of a report; the row lock keeps the series gap-free."""
    found = session.execute(text(_NEXT), {"epoch": epoch}).scalar_one()
    return int(found)


def add_report(session: Session, epoch: int, seq: int, signed: bytes) -> None:
    """Keep a signed report until it is acknowledged."""
    session.add(AdoptionOutbox(epoch=epoch, seq=seq, signed=signed))


def waiting_reports(session: Session, limit: int) -> list[bytes]:
    """Return the oldest reports not acknowledged yet, in order."""
    table = AdoptionOutbox
    query = select(table.signed).where(table.acknowledged_at.is_(None))
    return list(session.scalars(query.order_by(table.epoch, table.seq).limit(limit)))


def acknowledge_reports(
    session: Session, epoch: int, seq: int, *, now: dt.datetime, keep: dt.timedelta
) -> None:
    """Note what the hub holds; forget what it has held for long."""
    table = AdoptionOutbox
    held = or_(table.epoch < epoch, (table.epoch == epoch) & (table.seq <= seq))
    session.execute(
        update(table)
        .where(held, table.acknowledged_at.is_(None))
        .values(acknowledged_at=now)
    )
    session.execute(delete(table).where(table.acknowledged_at < now - keep))


def send_again(session: Session, epoch: int, seq: int) -> int:
    """Wait once more for word on reports from a number on; return how many."""
    table = AdoptionOutbox
    lost = (table.epoch == epoch) & (table.seq >= seq)
    found = session.execute(
        update(table).where(lost).values(acknowledged_at=None).returning(table.seq)
    )
    return len(found.all())


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


def _as_proposal(row: TuningProposal) -> Proposal:
    return Proposal(
        id=row.id,
        rule_id=row.rule_id,
        param=row.param,
        value=row.value,
        reason=row.reason,
        state=ProposalState(row.state),
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        note=row.note,
    )
