"""Where a node is put together: settings in, services out. One screen, no logic."""

from __future__ import annotations

from dataclasses import dataclass

from kuwei_node.alerts.service import Alerts
from kuwei_node.audit.service import Audit
from kuwei_node.brake.domain import BrakeLimits
from kuwei_node.brake.service import Brakes, tripped
from kuwei_node.catalogue.service.catalogues import Catalogues, Ready
from kuwei_node.catalogue.service.proposals import Proposals
from kuwei_node.catalogue.service.rulebook import Rulebook
from kuwei_node.catalogue.service.tuning import LocalChanges
from kuwei_node.holds.service import Holds
from kuwei_node.intake.adapters import files, profiles
from kuwei_node.intake.adapters.uploads import UploadFolder
from kuwei_node.intake.domain.rows import Words
from kuwei_node.intake.service.imports import Intake
from kuwei_node.intake.service.reference_files import ReferenceFiles
from kuwei_node.intake.service.uploads import Uploads
from kuwei_node.local_rules.service import LocalRules
from kuwei_node.payments.service import Ledger
from kuwei_node.reference.service import ReferenceService
from kuwei_node.schedule.service import Scheduler
from kuwei_node.screening.service import Screening
from kuwei_node.settings import Settings
from kuwei_node.uplink.adapters.identity import IdentityFolder
from kuwei_node.uplink.adapters.measures import ScreeningMeasures
from kuwei_node.uplink.service.outbox import OutboxService
from kuwei_node.uplink.service.recorder import Recorder
from kuwei_node.uplink.service.standing import Standing
from kuwei_shared.db.engine import PoolLimits, connect
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.clock import Clock, SystemClock

ASIDE = PoolLimits(size=1)
"""For transactions beside those of the pool, which has none to spare for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node's parts, shared by its processes."""

    settings: Settings
    clock: Clock
    unit_of_work: UnitOfWork
    catalogues: Catalogues
    local_changes: LocalChanges
    proposals: Proposals
    local_rules: LocalRules
    rulebook: Rulebook
    ledger: Ledger
    alerts: Alerts
    audit: Audit
    holds: Holds
    brakes: Brakes
    screening: Screening
    scheduler: Scheduler
    reference: ReferenceService
    reference_files: ReferenceFiles
    intake: Intake
    uploads: Uploads
    identity_folder: IdentityFolder
    outbox: OutboxService
    recorder: Recorder
    standing: Standing

    def division(self) -> str:
        """Return the code of this node's bureau; raises before enrolment."""
        return self.identity_folder.read().node_code


def build(settings: Settings, *, process: str, clock: Clock | None = None) -> Node:
    """Put a node together.

    Args:
        settings: checked settings.
        process: shown in ``pg_stat_activity`` as ``kuwei-node <process>``.
        clock: the machine's clock unless a test brings its own.
    """
    limits = PoolLimits(size=settings.threads)
    name = f"kuwei-node {process}"
    engine = connect(settings.database_url, limits, application=name)
    time = clock or SystemClock()
    ledger, alerts = Ledger(time, _aside(settings, name)), Alerts(time)
    catalogues = Catalogues(time, tripped, _ready(ledger))
    holds = Holds(time, ledger)
    brakes = Brakes(time, BrakeLimits(), moved=catalogues.moved)
    screening = Screening(
        clock=time,
        # Not the ledger's: that one may be busy adding up what the ledger holds.
        aside=_aside(settings, name),
        catalogues=catalogues,
        ledger=ledger,
        alerts=alerts,
        holds=holds,
        brakes=brakes,
    )
    reference = ReferenceService(time)
    words = _words_of(catalogues)
    intake = _intake(time, words, ledger, screening)
    outbox = OutboxService(time)
    changes = LocalChanges(clock=time, catalogues=catalogues)
    return Node(
        settings=settings,
        clock=time,
        unit_of_work=UnitOfWork(engine, settings.database_role),
        catalogues=catalogues,
        local_changes=changes,
        proposals=Proposals(clock=time, changes=changes),
        local_rules=LocalRules(clock=time, changes=changes),
        rulebook=Rulebook(catalogues=catalogues),
        ledger=ledger,
        alerts=alerts,
        audit=Audit(clock=time),
        holds=holds,
        brakes=brakes,
        screening=screening,
        scheduler=Scheduler(time, screening, alerts),
        reference=reference,
        reference_files=ReferenceFiles(
            words=words, reference=reference, open_file=files.open_file
        ),
        intake=intake,
        uploads=_uploads(
            settings, time, intake, reference=reference, aside=_aside(settings, name)
        ),
        identity_folder=IdentityFolder(settings.identity_dir),
        outbox=outbox,
        recorder=Recorder(outbox, ScreeningMeasures()),
        standing=Standing(time),
    )


def _aside(settings: Settings, name: str) -> UnitOfWork:
    return UnitOfWork(connect(settings.database_url, ASIDE, application=name))


def _ready(ledger: Ledger) -> Ready:
    """Return how a catalogue about to take force gets its running totals."""
    return lambda session, effective: ledger.begin_totals(
        session, effective.realtime.totals
    )


def _words_of(catalogues: Catalogues) -> Words:
    """Return how to get the vocabulary in force."""
    return lambda session: catalogues.current(session).catalogue.vocabulary


def _intake(clock: Clock, words: Words, ledger: Ledger, screening: Screening) -> Intake:
    return Intake(
        clock=clock,
        words=words,
        payments=ledger,
        screening=screening,
        profiles=profiles.load,
        open_file=files.open_file,
    )


def _uploads(
    settings: Settings,
    clock: Clock,
    intake: Intake,
    *,
    reference: ReferenceService,
    aside: UnitOfWork,
) -> Uploads:
    identity = IdentityFolder(settings.identity_dir)
    return Uploads(
        clock=clock,
        intake=intake,
        reference=reference,
        home=lambda: identity.read().node_code,
        keep=UploadFolder(settings.data_dir / "uploads").keep,
        profiles=profiles.titles,
        aside=aside,
    )
