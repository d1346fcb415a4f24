"""Taking a release over, one committed step at a time, each with a signed report.

Invariants:
* a release is put in force only after its signatures, the floor, a compile and
  every example held here; otherwise the one before stays and the reason is told;
* a report is signed in the transaction that made it true, numbered without gaps,
  and kept until the hub has acknowledged it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from sqlalchemy.orm import Session

from kuwei_node.catalogue.domain import Files, ReleaseState, SeenRelease, Told
from kuwei_node.catalogue.service.proof import prove
from kuwei_node.catalogue.store import releases, reports
from kuwei_shared.catalogue import bundle as bundles
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.releases.adoption import (
    ADOPTION_TYPE,
    REPORT_STREAM,
    REPORTS_MAX,
    SERIAL_UNKNOWN,
    AdoptionReport,
    AdoptionState,
)
from kuwei_shared.trust import dsse
from kuwei_shared.wire import adoption as wire

KEPT = dt.timedelta(days=30)
LASTING = ("catalogue.", "expression.")
"""Codes of reasons that lie in the release itself: trying again changes nothing."""


class Signer(Protocol):
    """The node's own signing identity."""

    @property
    def node_code(self) -> str:
        """Division code of the node."""
        ...

    @property
    def epoch(self) -> int:
        """The node's present epoch; kept outside the database."""
        ...

    def sign(self, payload: bytes, payload_type: str) -> dsse.Signed:
        """Sign bytes as one type with the node's key."""
        ...


Prepare = Callable[[Session, str, Files], None]
"""Compiles a release against this node's tables; raises KuweiError if it cannot."""


def no_preparation(session: Session, version: str, files: Files) -> None:
    """Compile nothing beyond the examples."""
    del session, version, files


def reported(session: Session, epoch: int) -> Mapping[str, int]:
    """Return the number of the last report in an epoch, under its stream's name."""
    return {REPORT_STREAM: reports.last_seq(session, epoch)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """Steps of taking a release over; each runs in a transaction of its own."""

    clock: Clock
    signer: Signer
    agent_version: str
    prepare: Prepare = no_preparation

    def tell(self, session: Session, version: str, serial: int) -> bool:
        """Note that a release is wanted here; False when there is nothing to do.

        A release that failed its examples is not tried again: the same bytes
        fail the same way. One that failed on the way is.
        """
        releases.note_told(session, releases.told(session).about(version))
        known = releases.find(session, serial)
        if known is not None and known.state in {
            ReleaseState.ACTIVE,
            ReleaseState.FAILED,
        }:
            return False
        self._step(session, version, serial, AdoptionState.TOLD)
        return True

    def arrived(self, session: Session, version: str, serial: int) -> None:
        """Note that all bytes of a bundle are on the disk, whatever they are worth."""
        self._step(session, version, serial, AdoptionState.FETCHED)

    def keep(self, session: Session, version: str, serial: int, bundle: bytes) -> None:
        """Keep a bundle whose signatures, length and digest hold."""
        seen = SeenRelease(
            serial=serial,
            version=version,
            sha256=bundles.digest(bundle),
            state=ReleaseState.VERIFIED,
            reason="",
            verified_at=self.clock.now(),
            activated_at=None,
        )
        releases.keep(session, seen, bundle)
        self._step(session, version, serial, AdoptionState.VERIFIED)

    def compile(
        self, session: Session, version: str, serial: int, bundle: bytes
    ) -> None:
        """Compile a release and run every example of it here.

        Raises:
            KuweiError: ``catalogue.*``; the caller then calls ``refuse``.
        """
        files = bundles.unpack_files(bundle)
        prove(session, bundles.unpack(bundle))
        self.prepare(session, version, files)
        releases.set_state(session, serial, ReleaseState.COMPILED)
        self._step(session, version, serial, AdoptionState.COMPILED)

    def activate(self, session: Session, version: str, serial: int) -> None:
        """Put a compiled release in force and say so, in one transaction."""
        releases.activate(session, serial, self.clock.now())
        self._step(session, version, serial, AdoptionState.ACTIVE)

    def refuse(
        self, session: Session, version: str, serial: int, error: KuweiError
    ) -> None:
        """Stay on the release before, and tell the province why, once.

        Args:
            session: the open transaction.
            version: the assigned release.
            serial: ``SERIAL_UNKNOWN`` where the release itself was out of reach.
            error: the reason.
        """
        if error.code.startswith(LASTING):
            releases.set_state(session, serial, ReleaseState.FAILED, error.message)
        told = releases.told(session).about(version)
        if told.failure != error.code:
            self.report(session, version, serial, AdoptionState.FAILED, error)
        releases.note_told(session, replace(told, failure=error.code))

    def look(self, session: Session, trouble: KuweiError | None) -> None:
        """Remember how the newest look at the province went."""
        now = self.clock.now() if trouble is None else None
        releases.note_look(session, now, "" if trouble is None else trouble.message)

    def believe(self, session: Session) -> None:
        """Note that the repository as a whole is believed."""
        releases.note_told(session, replace(releases.told(session), doubt=""))

    def doubt(self, session: Session, error: KuweiError) -> None:
        """Tell the province, once, that its repository is refused as a whole.

        A line that is down refuses nothing; it is nobody's fault.
        """
        self.look(session, error)
        told = releases.told(session)
        if error.kind is Kind.UNAVAILABLE or told.doubt == error.code:
            return
        self.report(session, "", SERIAL_UNKNOWN, AdoptionState.FAILED, error)
        releases.note_told(session, replace(told, doubt=error.code))

    def begin_epoch(self, session: Session) -> None:
        """Say again, under a new epoch, what this history is.

        What the hub took under the epoch before may be another history. So what it
        never took from this one is signed anew, and what is in force is told last.
        """
        epoch, last = self.signer.epoch, reports.last_epoch(session)
        if last is None or last >= epoch:
            return
        for document in reports.take_unheard(session, before=epoch):
            old = wire.decode(dsse.from_json(document).payload)
            self._keep(session, old)
        active = releases.status(session, self.clock.now()).active
        if active is not None:
            self.report(session, active.version, active.serial, AdoptionState.ACTIVE)

    def report(
        self,
        session: Session,
        version: str,
        serial: int,
        state: AdoptionState,
        error: KuweiError | None = None,
    ) -> None:
        """Sign a report and keep it for sending."""
        report = AdoptionReport(
            node_code=self.signer.node_code,
            epoch=0,  # both are given when it is signed
            seq=0,
            version=version,
            serial=serial,
            state=state,
            happened_at=self.clock.now(),
            reason_code=error.code if error is not None else "",
            reason=error.message if error is not None else "",
            agent_version=self.agent_version,
        )
        self._keep(session, report)

    def waiting(self, session: Session) -> Sequence[dsse.Signed]:
        """Return the oldest reports of the present epoch to send, in order."""
        stored = reports.waiting(session, self.signer.epoch, REPORTS_MAX)
        return [dsse.from_json(document) for document in stored]

    def acknowledged(self, session: Session, epoch: int, seq: int) -> None:
        """Note what the hub holds; kept a while, in case it is restored."""
        now = self.clock.now()
        reports.acknowledge(session, epoch, seq, now=now, keep=KEPT)

    def missed(self, session: Session, seq: int) -> bool:
        """Send again from the number the hub misses; False when it is no more here."""
        return reports.send_again(session, self.signer.epoch, seq) > 0

    def _step(
        self, session: Session, version: str, serial: int, state: AdoptionState
    ) -> None:
        """Report a step, once for an assignment however often it is taken."""
        told = releases.told(session).about(version)
        if told.is_news(state):
            self.report(session, version, serial, state)
            releases.note_told(session, Told(version=version, state=state))

    def _keep(self, session: Session, report: AdoptionReport) -> None:
        epoch = self.signer.epoch
        seq = reports.next_seq(session, epoch)
        numbered = replace(report, epoch=epoch, seq=seq)
        signed = self.signer.sign(wire.encode(numbered), ADOPTION_TYPE)
        reports.add(session, epoch, seq, dsse.to_json(signed))
