"""A hub's release library and ledger on a real database, for tests."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from release_lab import APPROVER, AUTHOR, HOLDERS
from sqlalchemy.orm import Session

from kuwei_hub.distribution.domain import Position, Publication, ReleaseRow
from kuwei_hub.distribution.service.ledger import Ledger
from kuwei_hub.distribution.service.library import Library
from kuwei_hub.fleet.domain import EventKind
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.releases.adoption import (
    ADOPTION_TYPE,
    SERIAL_UNKNOWN,
    AdoptionReport,
    AdoptionState,
)
from kuwei_shared.releases.keys import KeyFolder
from kuwei_shared.trust import dsse
from kuwei_shared.trust.keys import new_signing_key
from kuwei_shared.wire import adoption as wire


@dataclass
class HubLab:
    """A founded province without a network."""

    keys: KeyFolder
    clock: SetClock
    members: dict[str, Ed25519PrivateKey] = field(default_factory=dict)
    announced: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    @classmethod
    def with_keys(cls, folder: Path) -> HubLab:
        keys = KeyFolder(folder, "口令")
        keys.create(HOLDERS)
        return cls(keys, SetClock())

    @property
    def library(self) -> Library:
        return Library(
            clock=self.clock,
            online=self.keys.online,
            announce=lambda _, topic: self.announced.append(topic),
        )

    @property
    def ledger(self) -> Ledger:
        return Ledger(clock=self.clock, key_of=self._key_of, alarm=self._alarm)

    def publish(
        self,
        session: Session,
        version: str,
        bundle: bytes = b"rules",
        *,
        floor: int | None = None,
    ) -> ReleaseRow:
        publication = Publication(
            version=version,
            bundle=bundle,
            rule_count=1,
            author=AUTHOR,
            approver=APPROVER,
        )
        return self.library.publish(
            session, publication, self.keys, withdraw_below=floor
        )

    def enrol(self, code: str) -> Ed25519PrivateKey:
        return self.members.setdefault(code, new_signing_key())

    def report(
        self,
        code: str,
        seq: int,
        state: AdoptionState = AdoptionState.ACTIVE,
        *,
        epoch: int = 1,
        reason: str = "",
        signer: str | None = None,
    ) -> dsse.Signed:
        report = AdoptionReport(
            node_code=code,
            epoch=epoch,
            seq=seq,
            version="2026.1.1",
            serial=1,
            state=state,
            happened_at=dt.datetime(2026, 1, 5, tzinfo=dt.UTC),
            reason=reason,
            reason_code="catalogue.example_failed" if reason else "",
        )
        key = self.enrol(signer or code)
        return dsse.sign(wire.encode(report), ADOPTION_TYPE, key)

    def refusal(self, code: str, seq: int, version: str) -> dsse.Signed:
        """Return a refusal of what a node could not look at."""
        plain = wire.decode(self.report(code, seq, AdoptionState.FAILED).payload)
        unseen = dataclasses.replace(
            plain, version=version, serial=SERIAL_UNKNOWN, reason="签名已过期"
        )
        return dsse.sign(wire.encode(unseen), ADOPTION_TYPE, self.enrol(code))

    def hand_in(self, session: Session, code: str, *reports: dsse.Signed) -> Position:
        taken = self.ledger.record(session, code, reports)
        if taken.refusal is not None:
            raise taken.refusal
        return taken.at

    def _alarm(self, session: Session, code: str, kind: EventKind, note: str) -> None:
        del session, note
        self.alarms.append(f"{code} {kind}")

    def _key_of(self, session: Session, code: str) -> Ed25519PublicKey | None:
        del session
        key = self.members.get(code)
        return None if key is None else key.public_key()
