"""Bringing the realm in step with the territory; deleting answers that are over."""

from __future__ import annotations

from kuwei_hub.identity import service
from kuwei_hub.identity.service import open_places
from kuwei_hub.territory.service import Territory
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.identity import admin
from kuwei_shared.identity.admin import RealmAccount, SyncReport
from kuwei_shared.kernel.clock import Clock, business_date

SWEEP_EVERY_S = 60.0


def synchronise(
    work: UnitOfWork, territory: Territory, clock: Clock, account: RealmAccount
) -> SyncReport:
    """Ensure a group for every open jurisdiction and a role for every post.

    Raises:
        KuweiError: ``territory.none`` and what the realm refuses.
    """
    with work.begin() as session:
        places = open_places(session, territory, business_date(clock))
    # Keycloak takes its time over a province: no transaction waits for it.
    return admin.sync_realm(account, places)


def sweep(work: UnitOfWork, clock: Clock) -> int:
    """Delete the answers whose time is over; return how many (ADR 20)."""
    with work.begin() as session:
        return service.sweep(session, clock.now())
