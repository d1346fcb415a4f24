"""Every query of the fleet. Rows are locked where a decision follows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kuwei_hub.fleet.domain import DENIED, EnrolmentState, EventKind, NodeState
from kuwei_hub.fleet.models import (
    FleetBulletin,
    FleetCertificate,
    FleetEnrolment,
    FleetEvent,
    FleetKey,
    FleetNode,
    FleetToken,
)
from kuwei_shared.db.paging import inside
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.pages import Page, PageRequest

NODE_SORTS = {
    "mof_div_code": FleetNode.mof_div_code,
    "name": FleetNode.name,
    "state": FleetNode.state,
    "last_seen_at": FleetNode.last_seen_at,
}


def node(
    session: Session, scope: VisibleJurisdictions, code: str, *, lock: bool = False
) -> FleetNode | None:
    """Return one node."""
    query = select(FleetNode).where(
        FleetNode.mof_div_code == code, inside(scope, FleetNode.mof_div_code)
    )
    return session.scalar(query.with_for_update() if lock else query)


def nodes(
    session: Session, scope: VisibleJurisdictions, page: PageRequest
) -> Page[FleetNode]:
    """Return nodes, by code unless asked otherwise."""
    query = select(FleetNode).where(inside(scope, FleetNode.mof_div_code))
    name = (page.sort or "mof_div_code").removeprefix("-")
    column = NODE_SORTS.get(name, FleetNode.mof_div_code)
    order = column.desc() if (page.sort or "").startswith("-") else column.asc()
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(
        query.order_by(order, FleetNode.mof_div_code)
        .offset(page.offset)
        .limit(page.size)
    ).all()
    return Page(rows=rows, total=total, request=page)


def named(
    session: Session, scope: VisibleJurisdictions, codes: Collection[str]
) -> list[FleetNode]:
    """Return some nodes, however many they are."""
    shown = [code for code in codes if scope.allows(code)]
    query = select(FleetNode).where(FleetNode.mof_div_code.in_(shown))
    return list(session.scalars(query))


def states(session: Session, scope: VisibleJurisdictions) -> dict[str, str]:
    """Return code and state of every node, in the order of codes."""
    query = select(FleetNode.mof_div_code, FleetNode.state).where(
        inside(scope, FleetNode.mof_div_code)
    )
    rows = session.execute(query.order_by(FleetNode.mof_div_code))
    return {row.mof_div_code: row.state for row in rows}


def codes(session: Session, scope: VisibleJurisdictions) -> list[str]:
    """Return the codes of all nodes that were not retired."""
    query = select(FleetNode.mof_div_code).where(
        FleetNode.state != NodeState.RETIRED,
        inside(scope, FleetNode.mof_div_code),
    )
    return list(session.scalars(query.order_by(FleetNode.mof_div_code)))


def events(
    session: Session,
    scope: VisibleJurisdictions,
    page: PageRequest,
    *,
    alarms_only: bool = False,
) -> Page[FleetEvent]:
    """Return events, latest first."""
    query = select(FleetEvent).where(inside(scope, FleetEvent.mof_div_code))
    if alarms_only:
        query = query.where(FleetEvent.kind.startswith("alarm_"))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(
        query.order_by(FleetEvent.id.desc()).offset(page.offset).limit(page.size)
    ).all()
    return Page(rows=rows, total=total, request=page)


def token(
    session: Session, scope: VisibleJurisdictions, token_id: bytes
) -> FleetToken | None:
    """Return a token, locked: two applications under it queue up here."""
    return session.scalar(
        select(FleetToken)
        .where(FleetToken.token_id == token_id, inside(scope, FleetToken.mof_div_code))
        .with_for_update()
    )


def enrolment(
    session: Session, scope: VisibleJurisdictions, token_id: bytes
) -> FleetEnrolment | None:
    """Return the application under a token, locked."""
    return session.scalar(
        select(FleetEnrolment)
        .where(
            FleetEnrolment.token_id == token_id,
            inside(scope, FleetEnrolment.mof_div_code),
        )
        .with_for_update()
    )


def pending(
    session: Session, scope: VisibleJurisdictions, page: PageRequest
) -> Page[FleetEnrolment]:
    """Return applications that wait for a second person, oldest first."""
    query = select(FleetEnrolment).where(
        FleetEnrolment.state == EnrolmentState.PENDING,
        inside(scope, FleetEnrolment.mof_div_code),
    )
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(
        query.order_by(FleetEnrolment.applied_at).offset(page.offset).limit(page.size)
    ).all()
    return Page(rows=rows, total=total, request=page)


def pending_of(
    session: Session, scope: VisibleJurisdictions, code: str
) -> FleetEnrolment | None:
    """Return a node's latest waiting application, locked."""
    return session.scalar(
        select(FleetEnrolment)
        .where(
            FleetEnrolment.mof_div_code == code,
            FleetEnrolment.state == EnrolmentState.PENDING,
            inside(scope, FleetEnrolment.mof_div_code),
        )
        .order_by(FleetEnrolment.applied_at.desc())
        .limit(1)
        .with_for_update()
    )


def approved_of(
    session: Session, scope: VisibleJurisdictions, code: str
) -> FleetEnrolment | None:
    """Return the application a node's present machine was approved by."""
    return session.scalar(
        select(FleetEnrolment)
        .where(
            FleetEnrolment.mof_div_code == code,
            FleetEnrolment.state == EnrolmentState.APPROVED,
            inside(scope, FleetEnrolment.mof_div_code),
        )
        .order_by(FleetEnrolment.epoch.desc(), FleetEnrolment.decided_at.desc())
        .limit(1)
    )


def signing_key(
    session: Session, scope: VisibleJurisdictions, code: str, epoch: int
) -> bytes | None:
    """Return the 32 bytes of a node's signing key in an epoch."""
    return session.scalar(
        select(FleetKey.signing_key).where(
            FleetKey.mof_div_code == code,
            FleetKey.epoch == epoch,
            inside(scope, FleetKey.mof_div_code),
        )
    )


def bulletins(session: Session, scope: VisibleJurisdictions) -> dict[str, int]:
    """Return the version of every topic; topics are the same for all members."""
    del scope
    rows = session.scalars(select(FleetBulletin))
    return {row.topic: row.version for row in rows}


def said(
    session: Session, scope: VisibleJurisdictions, code: str, kinds: Collection[str]
) -> FleetEvent | None:
    """Return the latest event of some kinds about a node."""
    query = select(FleetEvent).where(
        FleetEvent.mof_div_code == code,
        FleetEvent.kind.in_(kinds),
        inside(scope, FleetEvent.mof_div_code),
    )
    return session.scalar(query.order_by(FleetEvent.id.desc()).limit(1))


def denied_nodes(
    session: Session, scope: VisibleJurisdictions
) -> list[tuple[str, str, str]]:
    """Return code, state and the reason given for every denied node."""
    reason = (
        select(FleetEvent.note)
        .where(
            FleetEvent.mof_div_code == FleetNode.mof_div_code,
            FleetEvent.kind == EventKind.SUSPENDED,
        )
        .order_by(FleetEvent.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(
        FleetNode.mof_div_code, FleetNode.state, func.coalesce(reason, "")
    ).where(FleetNode.state.in_(DENIED), inside(scope, FleetNode.mof_div_code))
    return [(code, state, note) for code, state, note in session.execute(query)]


def denied_serials(
    session: Session, scope: VisibleJurisdictions, now: dt.datetime
) -> list[str]:
    """Return the serial numbers of denied certificates that still run."""
    query = select(FleetCertificate.serial).where(
        FleetCertificate.denied_at.is_not(None),
        FleetCertificate.not_after > now,
        inside(scope, FleetCertificate.mof_div_code),
    )
    return list(session.scalars(query))


def supersede(session: Session, code: str, by: str, now: dt.datetime) -> None:
    """Refuse what applications of a node wait; let its unused tokens run out."""
    session.execute(
        update(FleetEnrolment)
        .where(
            FleetEnrolment.mof_div_code == code,
            FleetEnrolment.state == EnrolmentState.PENDING,
        )
        .values(state=EnrolmentState.REFUSED, decided_by=by, decided_at=now)
    )
    session.execute(
        update(FleetToken)
        .where(
            FleetToken.mof_div_code == code,
            FleetToken.used_at.is_(None),
            FleetToken.expires_at > now,
        )
        .values(expires_at=now)
    )


def deny_certificates(session: Session, code: str, now: dt.datetime) -> None:
    """Deny every certificate a node holds."""
    session.execute(
        update(FleetCertificate)
        .where(
            FleetCertificate.mof_div_code == code, FleetCertificate.denied_at.is_(None)
        )
        .values(denied_at=now)
    )


def announce(session: Session, topic: str, now: dt.datetime) -> None:
    """Raise a topic's version by one."""
    first = insert(FleetBulletin).values(topic=topic, version=1, changed_at=now)
    session.execute(
        first.on_conflict_do_update(
            index_elements=[FleetBulletin.topic],
            set_={"version": FleetBulletin.version + 1, "changed_at": now},
        )
    )


def keep(session: Session, *rows: FleetNode | FleetToken | FleetEnrolment) -> None:
    """Store new rows."""
    session.add_all(rows)
    session.flush()


def keep_key(
    session: Session, code: str, epoch: int, key: bytes, now: dt.datetime
) -> None:
    """Store a node's signing key for an epoch; an epoch's key never changes."""
    session.execute(
        insert(FleetKey)
        .values(mof_div_code=code, epoch=epoch, signing_key=key, since=now)
        .on_conflict_do_nothing()
    )


def keep_certificate(
    session: Session, code: str, serial: int, now: dt.datetime, not_after: dt.datetime
) -> None:
    """Remember an issued certificate."""
    session.add(
        FleetCertificate(
            serial=str(serial), mof_div_code=code, issued_at=now, not_after=not_after
        )
    )


def record(
    session: Session,
    code: str,
    kind: EventKind,
    *,
    actor: str,
    note: str,
    at: dt.datetime,
) -> None:
    """Append an event."""
    session.add(
        FleetEvent(mof_div_code=code, kind=kind, actor=actor, note=note[:400], at=at)
    )
