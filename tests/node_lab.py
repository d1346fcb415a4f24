"""A node's catalogue without a network, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from kuwei_node.catalogue import models
from kuwei_node.catalogue.service.adoption import Adoption
from kuwei_node.catalogue.service.catalogues import Catalogues
from kuwei_node.catalogue.service.tuning import LocalChanges
from kuwei_node.catalogue.tasks import AdoptionTask, Send
from kuwei_shared.db.base import NodeTable
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.releases.client import ReleaseClient
from kuwei_shared.trust import dsse
from kuwei_shared.trust.keys import new_signing_key
from kuwei_shared.wire import adoption as wire

CODE = "450102000"

TABLES = [
    NodeTable.metadata.tables[row.__tablename__]
    for row in (
        models.CatalogueRelease,
        models.CatalogueState,
        models.RuleTuning,
        models.LocalRuleRow,
        models.AdoptionOutbox,
        models.AdoptionHead,
    )
]


@dataclass
class Identity:
    """A signing identity as the uplink gives it."""

    node_code: str = CODE
    epoch: int = 1
    key: Ed25519PrivateKey = field(default_factory=new_signing_key)

    def sign(self, payload: bytes, payload_type: str) -> dsse.Signed:
        return dsse.sign(payload, payload_type, self.key)


@dataclass
class NodeLab:
    """One node on a database of its own."""

    engine: Engine
    clock: SetClock = field(default_factory=SetClock)
    identity: Identity = field(default_factory=Identity)

    def __post_init__(self) -> None:
        self.work = UnitOfWork(self.engine)
        self.catalogues = Catalogues(self.clock)
        self.changes = LocalChanges(clock=self.clock, catalogues=self.catalogues)
        self.adoption = Adoption(
            clock=self.clock, signer=self.identity, agent_version="test"
        )

    def create_tables(self) -> None:
        NodeTable.metadata.create_all(self.engine, tables=TABLES)

    def put_in_force(self, bundle: bytes, serial: int = 1) -> None:
        version = f"2026.1.{serial}"
        with self.work.begin() as session:
            self.adoption.tell(session, version, serial)
            self.adoption.keep(session, version, serial, bundle)
            self.adoption.compile(session, version, serial, bundle)
            self.adoption.activate(session, version, serial)

    def task(self, client: ReleaseClient, send: Send) -> AdoptionTask:
        return AdoptionTask(
            code=self.identity.node_code,
            unit_of_work=self.work,
            adoption=self.adoption,
            client=client,
            send=send,
        )


@dataclass
class Outbox:
    """A hub that takes reports in order and may lose its newest to a restore."""

    taken: list[dsse.Signed] = field(default_factory=list)

    def __call__(self, reports: Sequence[dsse.Signed]) -> tuple[int, int]:
        for signed in reports:
            seq = wire.decode(signed.payload).seq
            if seq > len(self.taken) + 1:
                raise KuweiError(
                    "report.gap", "缺", details={"expected_seq": len(self.taken) + 1}
                )
            if seq == len(self.taken) + 1:
                self.taken.append(signed)
        epoch = wire.decode(reports[-1].payload).epoch
        return epoch, len(self.taken)

    def restore(self, held: int) -> None:
        """Go back to a backup that held so many reports."""
        del self.taken[held:]
