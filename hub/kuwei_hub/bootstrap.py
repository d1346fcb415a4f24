"""Where a hub is put together: settings in, services out. One screen, no logic."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kuwei_hub.audit.service import Audit
from kuwei_hub.catalogue.service import Rulebook
from kuwei_hub.distribution.service.ledger import Ledger
from kuwei_hub.distribution.service.library import Library
from kuwei_hub.fleet.adapters import AuthorityFolder
from kuwei_hub.fleet.domain import Policy
from kuwei_hub.fleet.service.company import Company
from kuwei_hub.fleet.service.enrolment import Enrolment
from kuwei_hub.fleet.service.suspension import Suspensions
from kuwei_hub.settings import Settings
from kuwei_hub.statistics.service.ingest import Ingest
from kuwei_hub.statistics.service.reading import Reading
from kuwei_hub.territory.service import Territory
from kuwei_shared.db.engine import PoolLimits, connect
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.clock import Clock, SystemClock
from kuwei_shared.releases.adoption import REPORT_STREAM
from kuwei_shared.releases.keys import KeyFolder

CONTROL_THREADS = 2
APPLICANT_THREADS = 1
THREADS_APART = CONTROL_THREADS + APPLICANT_THREADS + 1
"""Threads of the gRPC process beside those for figures; one is the look-out's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """One hub's parts, shared by its web, gRPC and command-line processes."""

    settings: Settings
    clock: Clock
    unit_of_work: UnitOfWork
    audit: Audit
    territory: Territory
    authority: AuthorityFolder
    enrolment: Enrolment
    company: Company
    suspensions: Suspensions
    ingest: Ingest
    reading: Reading
    keys: KeyFolder
    ledger: Ledger
    library: Library
    rulebook: Rulebook

    def tuf_root(self, session: Session) -> bytes | None:
        """Return the release root a new member pins; None before there is one."""
        return self.library.pinned_root(session)

    def positions(self, session: Session, code: str, epoch: int) -> dict[str, int]:
        """Return how far every stream of a node has come here, in an epoch."""
        reports = self.ledger.held(session, code, epoch)
        return self.ingest.positions(session, code, epoch) | {REPORT_STREAM: reports}


def build(settings: Settings, *, process: str, clock: Clock | None = None) -> Hub:
    """Put a hub together.

    Args:
        settings: checked settings.
        process: shown in ``pg_stat_activity`` as ``kuwei-hub <process>``.
        clock: the machine's clock unless a test brings its own.
    """
    clock = clock or SystemClock()
    limits = PoolLimits(size=settings.grpc_threads + THREADS_APART)
    engine = connect(settings.database_url, limits, application=f"kuwei-hub {process}")
    authority = AuthorityFolder(settings.authority_dir, clock)
    company = Company(clock)
    keys = KeyFolder(settings.keys_dir, settings.keys_passphrase.get_secret_value())
    library = Library(clock=clock, online=keys.online, announce=company.announce)
    return Hub(
        settings=settings,
        clock=clock,
        unit_of_work=UnitOfWork(engine, settings.database_role),
        audit=Audit(clock=clock),
        territory=Territory(),
        authority=authority,
        enrolment=Enrolment(clock=clock, policy=_policy(settings), authority=authority),
        company=company,
        suspensions=Suspensions(clock),
        ingest=Ingest(clock=clock, company=company, signing_key=authority.signing_key),
        reading=Reading(),
        ledger=Ledger(clock=clock, key_of=company.current_key, alarm=company.alarm),
        keys=keys,
        library=library,
        rulebook=Rulebook(clock=clock, library=library),
    )


def _policy(settings: Settings) -> Policy:
    return Policy(
        trust_domain=settings.trust_domain,
        token_ttl=dt.timedelta(hours=settings.token_ttl_h),
        grpc_address=settings.grpc_address,
        enrol_address=settings.enrol_address,
    )
