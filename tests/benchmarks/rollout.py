"""How long one release takes to be active on 300 nodes, and what the hub needs.

    python tests/benchmarks/rollout.py --nodes 300

The hub is the real gRPC process. Each simulated node has its own identity and mTLS
channel, long-polls, spreads as told, fetches and verifies by itself, writes its own
tables (a schema each in one PostgreSQL) and signs its own reports. Only the proof
(compile and run all examples) is done once per client process and shared, unless
--own-proof: real nodes have a machine each, these share two cores with the hub.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "local"))

import embedded
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from kuwei_hub.bootstrap import Hub
from kuwei_hub.bootstrap import build as build_hub
from kuwei_hub.cli import key_holders
from kuwei_hub.schema import metadata as hub_tables
from kuwei_hub.settings import Settings as HubSettings
from kuwei_node.agent import FolderSigner
from kuwei_node.catalogue.adapters import GrpcReporter, grpc_fetcher
from kuwei_node.catalogue.models import CatalogueRelease
from kuwei_node.catalogue.service.adoption import Adoption
from kuwei_node.catalogue.tasks import AdoptionTask
from kuwei_node.uplink.adapters.enrolment import Applicant
from kuwei_node.uplink.adapters.hub import GrpcHub, open_channel
from kuwei_node.uplink.adapters.identity import IdentityFolder
from kuwei_shared.catalogue.checks.registry import read_schemas
from kuwei_shared.catalogue.files import read_folder
from kuwei_shared.db.base import NodeTable
from kuwei_shared.db.engine import PoolLimits, connect
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.identity.scope import (
    VisibleJurisdictions,
    of_service,
)
from kuwei_shared.kernel.clock import SystemClock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import PAGE_SIZE_MAX, PageRequest
from kuwei_shared.releases.adoption import AdoptionState
from kuwei_shared.releases.client import ReleaseClient

CLIENT_PROCESSES = 2
GOAL_S, GOAL_MIB = 60.0, 512.0
GIVE_UP_S = 300.0
AUTHOR, APPROVER = "规则起草岗", "规则审批岗"
CATALOGUE = ROOT / "rules-catalog"


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
        """Wait for news, spread, take over; until the version is in force."""
        uniform = secrets.SystemRandom().uniform
        while not self.has(version):
            try:
                news = self.hub.wait(self.known, 50_000)
                time.sleep(uniform(0, spread_s))
                self.task.run()
                self.known |= news
            except KuweiError as error:
                print(f"{self.code} {error.code}", file=sys.stderr)
                time.sleep(uniform(0, 2))
        self.active_at = time.monotonic()


def settings_of(folder: Path, url: str, ports: tuple[int, int]) -> dict[str, str]:
    """The hub's environment."""
    members, applicants = ports
    return {
        "KUWEI_MODE": "development",
        "KUWEI_DATABASE_URL": url,
        "KUWEI_DATA_DIR": str(folder / "hub"),
        "KUWEI_GRPC_BIND": f"127.0.0.1:{members}",
        "KUWEI_GRPC_ADDRESS": f"localhost:{members}",
        "KUWEI_ENROL_BIND": f"127.0.0.1:{applicants}",
        "KUWEI_ENROL_ADDRESS": f"localhost:{applicants}",
        "KUWEI_ENROL_PER_MINUTE": "600",
        "KUWEI_KEYS_PASSPHRASE": secrets.token_hex(16),
    }


def codes_of(count: int) -> list[str]:
    return [f"45{number:04d}000" for number in range(1, count + 1)]


def prepare_hub(env: dict[str, str], codes: list[str]) -> Hub:
    """Tables, authority, repository, registered nodes."""
    os.environ.update(env)
    hub = build_hub(HubSettings(), process="bench")
    hub_tables().create_all(hub.unit_of_work.engine)
    hub.authority.create("bench")
    hub.keys.create(key_holders((AUTHOR, APPROVER)))
    with hub.unit_of_work.begin() as session:
        hub.library.found(session, hub.keys)
        for code in codes:
            hub.enrolment.register(
                session, code, name=code, level="county", parent=None, by="登记岗"
            )
    return hub


def enrol(hub: Hub, code: str, folder: Path) -> None:
    with hub.unit_of_work.begin() as session:
        token = hub.enrolment.issue_token(session, code, by="签发岗").to_json()
    applicant = Applicant(IdentityFolder(folder / code), token)
    applicant.apply()
    with hub.unit_of_work.begin() as session:
        hub.enrolment.approve(session, code, by="复核岗")
    applicant.collect()
    applicant.close()


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


def make_node(code: str, folder: Path, engine: Engine, shared: Proof | None) -> Node:
    """Put a node together; without a shared proof it proves alone."""
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
    return Node(code, folder, task, GrpcHub(channel, clock))


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
    nodes = [make_node(code, folder, engine, proof) for code in job["codes"]]
    with ThreadPoolExecutor(len(nodes)) as pool:
        list(pool.map(settle, nodes))
        for node in nodes:
            node.known = dict(node.hub.wait({}, 100))
        print("ready", flush=True)
        spread_s = job["spread_ms"] / 1000
        list(pool.map(lambda node: node.follow(job["version"], spread_s), nodes))
    print(json.dumps([node.active_at for node in nodes]), flush=True)


def memory_mib(pid: int, name: str) -> float:
    """Return VmRSS or VmHWM of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def publish(hub: Hub, codes: list[str]) -> str:
    with hub.unit_of_work.begin() as session:
        release = hub.rulebook.publish(
            session,
            read_folder(CATALOGUE),
            read_schemas(CATALOGUE),
            author=AUTHOR,
            approver=APPROVER,
            keys=hub.keys,
        )
        hub.library.assign(session, release.version, codes, by=AUTHOR)
    return release.version


def wait_for_ledger(hub: Hub, codes: list[str], start: float) -> float:
    """Return seconds until the hub holds every node's signed word that it is active."""
    while time.monotonic() - start < GIVE_UP_S:
        with hub.unit_of_work.begin() as session:
            page = PageRequest(size=PAGE_SIZE_MAX)
            rows = hub.ledger.rollout(session, of_service(), codes, page).rows
        if all(row.state is AdoptionState.ACTIVE for row in rows):
            return time.monotonic() - start
        time.sleep(0.25)
    raise SystemExit(f"not all of {len(codes)} nodes became active in {GIVE_UP_S} s")


def measure(hub: Hub, job: dict[str, Any], codes: list[str]) -> dict[str, Any]:
    """Start the clients, publish once, and measure. Any: JSON in, JSON out."""
    shares = [codes[n::CLIENT_PROCESSES] for n in range(CLIENT_PROCESSES)]
    clients = [
        subprocess.Popen(
            [sys.executable, __file__, "--client", json.dumps(job | {"codes": share})],
            stdout=subprocess.PIPE,
            text=True,
        )
        for share in shares
    ]
    try:
        outputs = [client.stdout for client in clients if client.stdout is not None]
        assert [output.readline().strip() for output in outputs] == ["ready"] * 2
        idle = memory_mib(job["hub_pid"], "VmRSS")
        start = time.monotonic()
        publish(hub, codes)
        published = time.monotonic() - start
        ledger = wait_for_ledger(hub, codes, start)
        lines = [output.read().strip().splitlines()[-1] for output in outputs]
        times = sorted(at - start for line in lines for at in json.loads(line))
    finally:
        for client in clients:
            client.terminate()
            client.wait()
    return {
        "publish_s": round(published, 2),
        "first_active_s": round(times[0], 2),
        "median_active_s": round(times[len(times) // 2], 2),
        "all_active_s": round(times[-1], 2),
        "hub_knows_all_s": round(ledger, 2),
        "hub_rss_idle_mib": round(idle, 1),
        "hub_rss_peak_mib": round(memory_mib(job["hub_pid"], "VmHWM"), 1),
    }


def run(nodes: int, *, own_proof: bool = False) -> dict[str, Any]:
    """Run the benchmark and return its figures. Any: JSON."""
    folder = embedded.scratch("kuwei-rollout-")
    server = embedded.postgres(folder / "pg", embedded.SAFE)
    codes = codes_of(nodes)
    hub_process: subprocess.Popen[str] | None = None
    try:
        ports = (embedded.free_port(), embedded.free_port())
        env = settings_of(folder, server.create("hub"), ports)
        hub = prepare_hub(env, codes)
        verb = Path(sys.executable).with_name("kuwei-hub")
        hub_process = subprocess.Popen(
            [verb, "grpc"], stdout=subprocess.PIPE, text=True
        )
        assert hub_process.stdout is not None
        hub_process.stdout.readline()
        url = server.create("nodes")
        engine = connect(url, PoolLimits(size=2), application="bench")
        make_schemas(engine, codes)
        engine.dispose()
        for code in codes:
            enrol(hub, code, folder)
        job = {
            "url": url,
            "folder": str(folder),
            "hub_pid": hub_process.pid,
            "own_proof": own_proof,
            "spread_ms": hub.settings.spread_ms,
            "version": "2026.1.1",
        }
        figures = measure(hub, job, codes)
    finally:
        if hub_process is not None:
            hub_process.terminate()
            hub_process.wait(30)
        server.stop()
        embedded.discard(folder)
    met = figures["all_active_s"] <= GOAL_S and figures["hub_rss_peak_mib"] <= GOAL_MIB
    return {
        "benchmark": "rollout",
        "nodes": nodes,
        "proof": "per node" if own_proof else "once per client process, shared",
        "cores_shared_by_all": os.cpu_count(),
        **figures,
        "goal": {"all_active_s": GOAL_S, "hub_rss_peak_mib": GOAL_MIB, "met": met},
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--nodes", type=int, default=300)
    parser.add_argument("--own-proof", action="store_true")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.client:
        client_process(json.loads(chosen.client))
    else:
        figures = run(chosen.nodes, own_proof=chosen.own_proof)
        print(json.dumps(figures, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
