"""The catalogue in force, compiled once per process and edition.

Screening asks ``current`` before every payment: it costs one one-row query until
the edition moves. Any release seen can be compiled again for replay.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Collection, Mapping

from sqlalchemy.orm import Session

from kuwei_node.catalogue.domain import (
    Files,
    InForce,
    LocalRule,
    ReleaseState,
    SeenRelease,
    Status,
    Tuning,
    combine,
)
from kuwei_node.catalogue.service.proof import plan_only
from kuwei_node.catalogue.store import local_rules, releases, tunings
from kuwei_shared.catalogue import bundle
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.screening.effective import EffectiveCatalogue

REPLAYED_KEPT = 4
ALERT_ONLY = "alert_only"

Tripped = Callable[[Session], Collection[str]]
"""Ids of rules a brake has reduced to alerting; raises the edition when it moves."""


Ready = Callable[[Session, EffectiveCatalogue], None]
"""Begins what judging by a catalogue will need, while the one before is in force."""


def nothing_tripped(session: Session) -> Collection[str]:
    """Return no rule: for a node without brakes."""
    del session
    return ()


def nothing_needed(session: Session, effective: EffectiveCatalogue) -> None:
    """Begin nothing: the first payment will."""
    del session, effective


class Catalogues:
    """Catalogues of one node, as compiled by this process."""

    def __init__(
        self,
        clock: Clock,
        tripped: Tripped = nothing_tripped,
        ready: Ready = nothing_needed,
    ) -> None:
        self._clock = clock
        self._tripped = tripped
        self._ready = ready
        self._lock = threading.Lock()
        self._held: tuple[int, InForce] | None = None
        self._replayed: dict[str, EffectiveCatalogue] = {}

    def current(self, session: Session) -> EffectiveCatalogue:
        """Return what screens payments now.

        Raises:
            KuweiError: ``catalogue.none`` before the first release.
        """
        return self.in_force(session).effective

    def in_force(self, session: Session) -> InForce:
        """Return what screens payments now, and what was set aside.

        Raises:
            KuweiError: ``catalogue.none`` before the first release.
        """
        edition = releases.edition(session)
        held = self._held
        if held is not None and held[0] == edition:
            return held[1]
        with self._lock:
            held = self._held
            if held is None or held[0] != edition:
                held = (edition, self._combined(session))
                self._held = held
        return held[1]

    def rebuilt(
        self,
        session: Session,
        release: str,
        tuning: Mapping[str, Mapping[str, str]],
        at: dt.datetime,
    ) -> EffectiveCatalogue:
        """Return a catalogue that was in force once, compiled again.

        Args:
            session: the open transaction.
            release: version of the standard release it stood on.
            tuning: its ``EffectiveCatalogue.tuning``, as recorded.
            at: a moment at which it was in force; picks the local rules.

        Raises:
            KuweiError: ``catalogue.unseen`` for a release this node never had.
        """
        key = f"{release}|{at.isoformat()}|{sorted(_flat(tuning).items())}"
        with self._lock:
            found = self._replayed.get(key)
        if found is not None:
            return found
        data = releases.bundle(session, release)
        if data is None:
            raise _unseen(release)
        rebuilt = combine(
            release,
            bundle.unpack_files(data),
            tunings=_recorded(tuning, at),
            local_rules=local_rules.in_force(session, at),
            alert_only=[
                rule for rule, values in tuning.items() if ALERT_ONLY in values
            ],
        ).effective
        with self._lock:
            while len(self._replayed) >= REPLAYED_KEPT:
                self._replayed.pop(next(iter(self._replayed)))
            self._replayed[key] = rebuilt
        return rebuilt

    def under(self, session: Session, release: str) -> EffectiveCatalogue:
        """Return a release this node has seen, as it would act here now.

        Raises:
            KuweiError: ``catalogue.unseen``, or why it does not compile.
        """
        current = self.current(session)
        if current.release == release:
            return current
        data = releases.bundle(session, release)
        if data is None:
            raise _unseen(release)
        return self._combine(session, release, bundle.unpack_files(data)).effective

    def standard(self, session: Session) -> tuple[str, Files]:
        """Return version and files of the release in force.

        Raises:
            KuweiError: ``catalogue.none`` before the first release.
        """
        found = releases.active_bundle(session)
        if found is None:
            raise KuweiError(
                "catalogue.none",
                "本节点尚无已启用的规则目录,请等待省级发布并安排。",
                kind=Kind.UNAVAILABLE,
                retry_after_s=30,
            )
        version, data = found
        return version, bundle.unpack_files(data)

    def moved(self, session: Session) -> None:
        """Make every process compile again: a brake tripped or was reset."""
        releases.raise_edition(session)

    def retry(self, session: Session, serial: int) -> None:
        """Let a refused release be tried again, after this node was mended.

        Raises:
            KuweiError: ``release.unknown``, ``release.not_failed``.
        """
        found = releases.find(session, serial)
        if found is None:
            raise KuweiError(
                "release.unknown",
                f"本节点没有见过序号 {serial} 的目录版本,请用 catalogue status 核对。",
                kind=Kind.MISSING,
            )
        if found.state is not ReleaseState.FAILED:
            raise KuweiError(
                "release.not_failed",
                f"目录版本 {found.version} 没有失败,无须再试。",
                kind=Kind.CONFLICT,
            )
        releases.set_state(session, serial, ReleaseState.VERIFIED)

    def status(self, session: Session) -> Status:
        """Return how the catalogue stands; a stale one is enforced all the same."""
        return releases.status(session, self._clock.now())

    def releases(self, session: Session, request: PageRequest) -> Page[SeenRelease]:
        """Return releases seen, newest first."""
        return releases.page(session, request)

    def tunings(self, session: Session) -> list[Tuning]:
        """Return the tunings in force; as many as there are parameters at most."""
        return tunings.in_force(session)

    def local_rules(self, session: Session) -> list[LocalRule]:
        """Return the local rules in force."""
        return local_rules.in_force(session)

    def rehearse(self, session: Session, version: str, files: Files) -> None:
        """Compile a release as it would act here, and begin what it will need.

        Raises:
            KuweiError: ``catalogue.*`` or ``expression.*``; ``database.busy`` when
                payments leave no room, and it is best tried again.
        """
        effective = self._combine(session, version, files).effective
        plan_only(session, effective)
        self._ready(session, effective)

    def take_force(self, session: Session) -> None:
        """Put in force what this transaction has changed, once all is ready for it."""
        self._ready(session, self._combined(session).effective)
        releases.raise_edition(session)

    def _combined(self, session: Session) -> InForce:
        return self._combine(session, *self.standard(session))

    def _combine(self, session: Session, version: str, files: Files) -> InForce:
        return combine(
            version,
            files,
            tunings=tunings.in_force(session),
            local_rules=local_rules.in_force(session),
            alert_only=self._tripped(session),
        )


def _unseen(release: str) -> KuweiError:
    return KuweiError(
        "catalogue.unseen",
        f"本节点没有目录 {release},无法按它重新筛查;请在所列版本中选择。",
        kind=Kind.MISSING,
    )


def _flat(tuning: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {
        f"{rule}.{param}": value
        for rule, values in tuning.items()
        for param, value in values.items()
    }


def _recorded(tuning: Mapping[str, Mapping[str, str]], at: dt.datetime) -> list[Tuning]:
    return [
        Tuning(
            rule_id=rule,
            param=param,
            value=value,
            proposed_by="",
            approved_by="",
            from_at=at,
        )
        for rule, values in tuning.items()
        for param, value in values.items()
        if param != ALERT_ONLY
    ]
