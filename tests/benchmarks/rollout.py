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
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "local"))

import embedded
from rollout_hub import enrol, prepare_hub, publish, settings_of
from rollout_nodes import client_process, make_schemas

from kuwei_hub.bootstrap import Hub
from kuwei_shared.db.engine import PoolLimits, connect
from kuwei_shared.identity.scope import of_service
from kuwei_shared.kernel.pages import PAGE_SIZE_MAX, PageRequest
from kuwei_shared.releases.adoption import AdoptionState

CLIENT_PROCESSES = 2
GOAL_S, GOAL_MIB = 60.0, 512.0
GIVE_UP_S = 300.0
OWN_PROOF_S = 3.0
"""What is granted a node beyond that when each proves alone on cores all share."""


def memory_mib(pid: int, name: str) -> float:
    """Return VmRSS or VmHWM of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def wait_for_ledger(
    hub: Hub, codes: list[str], clients: list[subprocess.Popen[str]], limit_s: float
) -> float:
    """Return seconds until the hub holds every node's signed word that it is active.

    Raises:
        SystemExit: it takes too long, or a client process is gone before.
    """
    start = time.monotonic()
    missing = len(codes)
    while time.monotonic() - start < limit_s:
        with hub.unit_of_work.begin() as session:
            page = PageRequest(size=PAGE_SIZE_MAX)
            rows = hub.ledger.rollout(session, of_service(), codes, page).rows
        missing = sum(row.state is not AdoptionState.ACTIVE for row in rows)
        if not missing:
            return time.monotonic() - start
        if any(client.poll() not in {None, 0} for client in clients):
            raise SystemExit("a client process ended before its nodes were active")
        time.sleep(0.25)
    raise SystemExit(f"{missing} of {len(codes)} nodes not active in {limit_s:.0f} s")


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
        ledger = published + wait_for_ledger(hub, codes, clients, job["limit_s"])
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
    codes = [f"45{number:04d}000" for number in range(1, nodes + 1)]
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
            "limit_s": GIVE_UP_S + (OWN_PROOF_S * nodes if own_proof else 0),
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
    parser.add_argument("--nodes", type=int, default=300, help=f"≤ {PAGE_SIZE_MAX}")
    parser.add_argument("--own-proof", action="store_true")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.client:
        client_process(json.loads(chosen.client))
    elif not 1 <= chosen.nodes <= PAGE_SIZE_MAX:
        parser.error(f"--nodes: 1–{PAGE_SIZE_MAX}")
    else:
        figures = run(chosen.nodes, own_proof=chosen.own_proof)
        print(json.dumps(figures, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
