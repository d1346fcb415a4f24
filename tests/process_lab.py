"""A node as it runs: its own processes, killed and started again by a test."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import embedded
import httpx
import web_lab
from node_lab import NodeLab
from pace import PATIENCE_S, wait_until
from payment_api_lab import machine_token
from screening_lab import CATALOGUE, COUNTY
from sqlalchemy import create_engine, text

from kuwei_node import schema
from kuwei_shared.catalogue import bundle
from kuwei_shared.kernel.clock import SystemClock

PROGRAM = Path(sys.executable).parent / "kuwei-node"
REVIEWER = "450102-reviewer"


@dataclass
class NodeProcesses:
    """The processes of one node over a database that is furnished already."""

    environment: dict[str, str]
    url: str
    token: str
    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, verb: str) -> None:
        """Start a process; its words go to a file beside the data."""
        with (self.folder / f"{verb}.log").open("ab") as log:
            self.running[verb] = subprocess.Popen(  # noqa: S603  # our own program
                [str(PROGRAM), verb],
                env=os.environ | self.environment,  # noqa: TID251  # passed on
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill(self, verb: str) -> None:
        """Kill a process as a power cut would."""
        self.running[verb].kill()
        self.running.pop(verb).wait()

    def stop(self) -> None:
        """Kill whatever runs."""
        for verb in list(self.running):
            self.kill(verb)

    def wait_ready(self) -> None:
        """Wait until the web process answers that it can work."""
        wait_until(self._is_ready, "the web process is ready")

    def _is_ready(self) -> bool:
        words = (self.folder / "web.log").read_text()[-2000:]
        assert self.running["web"].poll() is None, words
        with contextlib.suppress(httpx.TransportError):
            answer = httpx.get(f"{self.url}/readyz", trust_env=False, timeout=10)
            return answer.status_code == 200
        return False

    def client(self, timeout_s: float = PATIENCE_S) -> httpx.Client:
        """Return the payment system's line to the node."""
        return httpx.Client(
            base_url=self.url,
            headers={"authorization": f"Bearer {self.token}"},
            trust_env=False,
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=200),
        )

    @contextlib.contextmanager
    def reviewer(self) -> Iterator[httpx.Client]:
        """Give a browser in which a reviewer is signed in."""
        with httpx.Client(
            base_url=self.url,
            headers={"accept": "text/html"},
            follow_redirects=True,
            trust_env=False,
            timeout=PATIENCE_S,
        ) as browser:
            web_lab.sign_in(browser, REVIEWER, back="/")
            yield browser


def furnish(database_url: str) -> None:
    """Give a node its tables, the standard catalogue and its own jurisdiction."""
    engine = create_engine(database_url)
    schema.metadata().create_all(engine)
    NodeLab(engine).put_in_force(bundle.pack(CATALOGUE))
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO jurisdiction (mof_div_code, mof_div_name, level)"
                " VALUES (:code, '兴宁区', 'county')"
            ),
            {"code": COUNTY},
        )
    engine.dispose()


def times_recorded(database_url: str, run: str) -> Counter[str]:
    """Return how often each payment of a run is recorded with its screening.

    A payment without a screening counts as recorded no times.
    """
    engine = create_engine(database_url)
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT p.payment_id, count(s.payment_seq) FROM payment p"
                " LEFT JOIN screening s ON s.payment_seq = p.seq"
                " WHERE p.payment_id LIKE :run GROUP BY 1"
            ),
            {"run": f"{run}-%"},
        )
        counts = {row[0]: row[1] for row in found}
    engine.dispose()
    return Counter(counts)


@contextlib.contextmanager
def node_processes(
    database_url: str, folder: Path, **settings: str
) -> Iterator[NodeProcesses]:
    """Give a node that is configured but not started, and its issuer."""
    port, issuer_port = embedded.free_port(), embedded.free_port()
    url, issuer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{issuer_port}"
    chosen = {
        "MODE": "development",
        "DATABASE_URL": database_url,
        "DATA_DIR": str(folder),
        "WEB_URL": url,
        "WEB_BIND": f"127.0.0.1:{port}",
        "ISSUER": issuer,
        "WEB_CLIENT_ID": "node-web",
        "WEB_CLIENT_SECRET": "node-web-demo-only",
        "SESSION_SECRETS": f'["{web_lab.SECRET}"]',
    }
    environment = {f"KUWEI_{n}": v for n, v in (chosen | settings).items()}
    served = web_lab.issuer(web_lab.realm(url), issuer, SystemClock())
    with web_lab.served(served, issuer_port):
        token = machine_token(issuer)
        node = NodeProcesses(environment, url, token, folder)
        try:
            yield node
        finally:
            node.stop()


def some_payment(number: int, run: str, **changes: object) -> dict[str, Any]:
    """Return one of many small payments of many units."""
    plain = {
        "payment_id": f"{run}-{number}",
        "stage": "voucher",
        "entry_kind": "normal",
        "mof_div_code": COUNTY,
        "fiscal_year": 2026,
        "vou_date": f"2026-03-{number % 28 + 1:02d}",
        "agency_code": f"{100 + number % 40}001",
        "payee_acct_no": f"6222{number % 90}",
        "use_des": "办公用品",
        "pay_amt": f"{number % 900 + 1}.00",
    }
    return plain | changes
