"""The simulated nodes of the rollout benchmark: each its own identity and tables.

A proof takes a third of a second of processor time. Nodes that prove alone take turns
before they open a transaction, a few at a time: three hundred that start together would
wait for each other's connections until the pool refuses them.
"""

from __future__ import annotations

import json
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from kuwei_node.agent import FolderSigner
from kuwei_node.catalogue.adapters import GrpcReporter, grpc_fetcher
from kuwei_node.catalogue.models import CatalogueRelease
from kuwei_node.catalogue.service.adoption import Adoption
from kuwei_node.catalogue.tasks import AdoptionTask
from kuwei_node.uplink.adapters.hub import GrpcHub, open_channel
from kuwei_node.uplink.adapters.identity import IdentityFolder
from kuwei_shared.db.base import NodeTable
from kuwei_shared.db.engine import PoolLimits, connect
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.clock import SystemClock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.releases.adoption import AdoptionState
from kuwei_shared.releases.client import ReleaseClient

PROOFS_AT_ONCE = 2


Proof = tuple[threading.Lock, set[int]]
"""What the nodes of one process share: a lock, and the serials proved under it."""


class SchemaWork(UnitOfWork):
    """One node's transactions: its own schema in the shared PostgreSQL."""

    def __init__(self, engine: Engine, schema: str) -> None:
        super().__init__(engine)
        self.schema = schema

    @contextmanager
    def begin(self, scope: VisibleJurisdictions | None = None) -> Iterator[Session]:
        with super().begin(scope) as session:
            session.execute(text(f"SET LOCAL search_path TO {self.schema}"))
            yield session


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedProof(Adoption):
    """Adoption whose proof is run once per process for all nodes in it."""

    lock: threading.Lock
    proved: set[int]

    def compile(
        self, session: Session, version: str, serial: int, bundle: bytes
    ) -> None:
        with self.lock:
            if serial not in self.proved:
                Adoption.compile(self, session, version, serial, bundle)
                self.proved.add(serial)
                return
        self.report(session, version, serial, AdoptionState.COMPILED)


@dataclass
class Node:
    """One simulated node."""

    code: str
    folder: Path
    task: AdoptionTask
    hub: GrpcHub
    turn: AbstractContextManager[object] = field(default_factory=nullcontext)
    known: dict[str, int] = field(default_factory=dict)
    active_at: float | None = None

    def has(self, version: str) -> bool:
        with self.task.unit_of_work.begin() as session:
            found = (
                session.query(CatalogueRelease.version)
                .filter_by(state="active")
                .scalar()
            )
        return bool(found == version)

    def follow(self, version: str, spread_s: float) -> None:
        """Wait for news, spread, take over; until the version is in force.

        And until every report is sent: a look that failed is never the last.
        """
        uniform = secrets.SystemRandom().uniform
        while self.active_at is None:
            try:
                news = self.hub.wait(self.known, 50_000)
                time.sleep(uniform(0, spread_s))
                with self.turn:
                    self.task.run()
                if self.has(version):
                    self.active_at = time.monotonic()
                self.known |= news
            except KuweiError as error:
                print(f"{self.code} {error.code}", file=sys.stderr)
                time.sleep(uniform(0, 2))


def make_schemas(engine: Engine, codes: list[str]) -> None:
    names = (
        "catalogue_release",
        "catalogue_state",
        "rule_tuning",
        "local_rule",
        "adoption_outbox",
        "adoption_head",
    )
    tables = [NodeTable.metadata.tables[name] for name in names]
    for code in codes:
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA n{code}"))
            connection.execute(text(f"SET LOCAL search_path TO n{code}"))
            NodeTable.metadata.create_all(connection, tables=tables, checkfirst=False)


def make_node(
    code: str,
    folder: Path,
    engine: Engine,
    *,
    shared: Proof | None,
    turn: AbstractContextManager[object],
) -> Node:
    """Put a node together; without a shared proof it proves alone, in its turn."""
    identity, clock = IdentityFolder(folder / code), SystemClock()
    channel = open_channel(
        identity.read().grpc_address,
        trust_pem=identity.load("trust.pem"),
        key_pem=identity.load("tls.key"),
        chain_pem=identity.load("chain.pem"),
    )
    signer = FolderSigner(identity)
    adoption = (
        Adoption(clock=clock, signer=signer, agent_version="bench")
        if shared is None
        else SharedProof(
            clock=clock,
            signer=signer,
            agent_version="bench",
            lock=shared[0],
            proved=shared[1],
        )
    )
    client = ReleaseClient(
        folder / code / "releases",
        bootstrap=identity.load("tuf_root.json"),
        fetcher=grpc_fetcher(channel),
        clock=clock,
    )
    task = AdoptionTask(
        code=code,
        unit_of_work=SchemaWork(engine, f"n{code}"),
        adoption=adoption,
        client=client,
        send=GrpcReporter(channel),
    )
    return Node(code, folder, task, GrpcHub(channel, clock), turn)


def settle(node: Node) -> None:
    """Look once, as often as it takes: three hundred handshakes start together."""
    for _ in range(20):
        try:
            node.task.run()
        except KuweiError as error:
            print(f"{node.code} {error.code}", file=sys.stderr)
            time.sleep(secrets.SystemRandom().uniform(0, 2))
        else:
            return


def client_process(job: dict[str, Any]) -> None:
    """Be so many nodes: look once, say ready, follow, say when each was active.

    Any: the job as the parent wrote it, JSON.
    """
    limits = PoolLimits(size=24, wait_s=60)
    engine = connect(job["url"], limits, application="bench nodes")
    proof: Proof | None = None if job["own_proof"] else (threading.Lock(), set())
    folder = Path(job["folder"])
    turn: AbstractContextManager[object] = (
        threading.Semaphore(PROOFS_AT_ONCE) if proof is None else nullcontext()
    )
    nodes = [
        make_node(code, folder, engine, shared=proof, turn=turn)
        for code in job["codes"]
    ]
    with ThreadPoolExecutor(len(nodes)) as pool:
        list(pool.map(settle, nodes))
        for node in nodes:
            node.known = dict(node.hub.wait({}, 100))
        print("ready", flush=True)
        spread_s = job["spread_ms"] / 1000
        list(pool.map(lambda node: node.follow(job["version"], spread_s), nodes))
    print(json.dumps([node.active_at for node in nodes]), flush=True)
