"""Programs the local stack runs: started, watched, logged, stopped in reverse.

Children get a session of their own, so that Ctrl-C reaches the stack alone and
the stack decides the order in which they end. What a killed stack left behind
is found again by process id and start time, and ended at the next start.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

READY_S = 120.0
POLL_S = 0.1
STOP_S = 12.0
TAIL_LINES = 12


class StageFailedError(RuntimeError):
    """A stage could not be finished; the text says which program and why."""


@dataclass(slots=True)
class Service:
    """A long-running program and its log."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def require_alive(self) -> None:
        """Raise with the end of the log when the program has ended."""
        status = self.process.poll()
        if status is not None:
            raise StageFailedError(
                f"{self.name} ended with status {status}:\n{tail(self.log)}"
            )


@dataclass(slots=True)
class Supervisor:
    """Starts programs into a folder of logs, and ends them in reverse order.

    Attributes:
        servers: process ids of what others start and stop, should this be killed.
    """

    folder: Path
    services: list[Service] = field(default_factory=list)
    servers: list[int] = field(default_factory=list)

    @property
    def logs(self) -> Path:
        """Where each program writes."""
        return self.folder / "logs"

    def start(
        self, name: str, command: list[str], environment: Mapping[str, str]
    ) -> Service:
        """Start a program; its output is appended to ``logs/<name>.log``."""
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        service = Service(name, process, log)
        self.services.append(service)
        self._remember()
        return service

    def remember(self, process: int) -> None:
        """Let the next start end a server too, if this one cannot."""
        self.servers.append(process)
        self._remember()

    def run(self, name: str, command: list[str], environment: Mapping[str, str]) -> str:
        """Run a program to its end; return what it printed.

        Raises:
            StageFailedError: it ended with another status than 0.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            command,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        with (self.logs / f"{name}.log").open("a") as log:
            log.write(done.stdout + done.stderr)
        if done.returncode != 0:
            words = " ".join(Path(word).name for word in command[:3])
            last = "\n".join((done.stderr or done.stdout).splitlines()[-TAIL_LINES:])
            raise StageFailedError(f"{words} failed ({done.returncode}):\n{last}")
        return done.stdout

    def require_alive(self) -> None:
        """Raise when any program has ended by itself."""
        for service in self.services:
            service.require_alive()

    def wait(self, service: Service, limit_s: float) -> None:
        """Wait for a program that ends by itself, and forget it.

        Raises:
            StageFailedError: it ended badly, or not in time.
        """
        try:
            status = service.process.wait(limit_s)
        except subprocess.TimeoutExpired as late:
            raise StageFailedError(f"{service.name} still runs") from late
        if status != 0:
            service.require_alive()
        self.services.remove(service)

    def stop(self) -> None:
        """End every program: newest first, all asked at once, then forced."""
        for service in reversed(self.services):
            if service.process.poll() is None:
                service.process.terminate()
        limit = time.monotonic() + STOP_S
        for service in reversed(self.services):
            try:
                service.process.wait(max(0.1, limit - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(service.process.pid, signal.SIGKILL)
                service.process.wait()
        self.services.clear()
        self._remember()

    def end_leftovers(self) -> int:
        """End what a killed stack left running; return how many."""
        record = self.folder / "processes.json"
        if not record.exists():
            return 0
        found: dict[str, str] = json.loads(record.read_text())
        alive = [int(p) for p, born in found.items() if born_at(int(p)) == born]
        for process in alive:
            os.killpg(process, signal.SIGTERM)
        limit = time.monotonic() + STOP_S
        while any(map(born_at, alive)) and time.monotonic() < limit:
            time.sleep(POLL_S)
        record.unlink()
        return len(alive)

    def _remember(self) -> None:
        ids = [*self.servers, *(one.process.pid for one in self.services)]
        born = {str(process): born_at(process) for process in ids}
        (self.folder / "processes.json").write_text(json.dumps(born))


def wait_for_page(service: Service, url: str, limit_s: float = READY_S) -> None:
    """Wait until a health address answers 200."""

    def answers() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  # loopback http
                return bool(answer.status == 200)  # noqa: PLR2004  # HTTP's word for yes
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    _wait(service, answers, f"{service.name} is not ready: {url}", limit_s)


def wait_for_port(service: Service, port: int, limit_s: float = READY_S) -> None:
    """Wait until something listens on a loopback port."""
    late = f"{service.name} does not listen on {port}"
    _wait(service, lambda: listens(port), late, limit_s)


def listens(port: int) -> bool:
    """Tell whether a loopback port is taken."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def born_at(process: int) -> str:
    """Return a process's start time in clock ticks, or nothing when it is gone."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return ""
    state, *rest = stat.rpartition(")")[2].split()
    return "" if state == "Z" else rest[18]


def tail(log: Path) -> str:
    """Return the last lines of a log."""
    lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join(f"    {line}" for line in lines)


def _wait(
    service: Service, is_done: Callable[[], bool], late: str, limit_s: float
) -> None:
    limit = time.monotonic() + limit_s
    while not is_done():
        service.require_alive()
        if time.monotonic() > limit:
            raise StageFailedError(f"{late} after {limit_s:.0f} s\n{tail(service.log)}")
        time.sleep(POLL_S)
