"""What the demo's steps share: where things are, what runs, what was done."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import embedded
from notebook import Notebook
from places import PLACES, Place
from ports import Ports
from processes import Supervisor

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv" / "bin"


@dataclass(slots=True)
class Stack:
    """One run of the demo."""

    folder: Path
    payments: int
    seed: int
    ports: Ports
    supervisor: Supervisor
    notebook: Notebook
    places: tuple[Place, ...] = PLACES
    postgres: embedded.Postgres | None = None
    redis: embedded.Redis | None = None
    leaving: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Stop programs first, then the servers they use."""
        self.supervisor.stop()
        if self.redis:
            self.redis.stop()
        if self.postgres:
            self.postgres.stop()

    def hub(self) -> dict[str, str]:
        """Return the hub's settings."""
        return self._common(self.folder / "hub") | {
            "KUWEI_DATABASE_URL": self._database("hub"),
            "KUWEI_GRPC_BIND": f"127.0.0.1:{self.ports.hub_grpc}",
            "KUWEI_GRPC_ADDRESS": f"localhost:{self.ports.hub_grpc}",
            "KUWEI_ENROL_BIND": f"127.0.0.1:{self.ports.enrolment}",
            "KUWEI_ENROL_ADDRESS": f"localhost:{self.ports.enrolment}",
        }

    def node(self, place: Place) -> dict[str, str]:
        """Return a node's settings."""
        return self._common(self.folder / place.database) | {
            "KUWEI_DATABASE_URL": self._database(place.database),
        }

    def run(self, name: str, *command: str, env: Mapping[str, str]) -> str:
        """Run one of our commands to its end; return what it printed."""
        program, *arguments = command
        return self.supervisor.run(name, [str(BIN / program), *arguments], env)

    def _common(self, data: Path) -> dict[str, str]:
        return {
            "KUWEI_MODE": "development",
            "KUWEI_DATA_DIR": str(data),
            "KUWEI_REDIS_URL": self.redis.url if self.redis else "",
            "KUWEI_ISSUER_URL": f"http://localhost:{self.ports.issuer}",
            "PYTHONUNBUFFERED": "1",
        }

    def _database(self, name: str) -> str:
        if self.postgres is None:
            raise RuntimeError("the database server is started by the first stage")
        return self.postgres.url(name)
