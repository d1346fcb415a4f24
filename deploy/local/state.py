"""What the demo's steps share: where things are, what runs, what was done."""

from __future__ import annotations

import json
import secrets
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
        ports = self.ports
        return self._web(ports.hub_web, "hub", "省财政厅") | {
            "KUWEI_DATABASE_URL": self._database("hub"),
            "KUWEI_DATA_DIR": str(self.folder / "hub"),
            "KUWEI_GRPC_BIND": f"127.0.0.1:{ports.hub_grpc}",
            "KUWEI_GRPC_ADDRESS": f"127.0.0.1:{ports.hub_grpc}",
            "KUWEI_ENROL_BIND": f"127.0.0.1:{ports.enrolment}",
            "KUWEI_ENROL_ADDRESS": f"127.0.0.1:{ports.enrolment}",
            "KUWEI_ENROL_PER_MINUTE": "60",
            "KUWEI_SPREAD_MS": "500",
        }

    def node(self, place: Place) -> dict[str, str]:
        """Return a node's settings."""
        return self._web(self.ports.nodes[place.code], "node", place.name) | {
            "KUWEI_DATABASE_URL": self._database(place.database),
            "KUWEI_DATA_DIR": str(self.folder / place.database),
            "KUWEI_REDIS_URL": self.redis.url if self.redis else "",
        }

    def run(self, name: str, *command: str, env: Mapping[str, str]) -> str:
        """Run one of our commands to its end; return what it printed."""
        program, *arguments = command
        return self.supervisor.run(name, [str(BIN / program), *arguments], env)

    def revisions(self) -> str:
        """Return the names of all migrations, newest tables included."""
        found = ROOT.glob("*/kuwei_*/migrations/versions/*.py")
        return " ".join(sorted(path.stem for path in found))

    def _web(self, port: int, service: str, place: str) -> dict[str, str]:
        """Return the settings of a service's pages; its stand-ins know no secret."""
        return {
            "KUWEI_MODE": "development",
            "KUWEI_WEB_BIND": f"127.0.0.1:{port}",
            "KUWEI_WEB_URL": f"http://127.0.0.1:{port}",
            "KUWEI_PLACE": place,
            "KUWEI_ISSUER": f"http://127.0.0.1:{self.ports.issuer}",
            "KUWEI_WEB_CLIENT_ID": f"{service}-web",
            "KUWEI_WEB_CLIENT_SECRET": f"{service}-web-demo-only",
            "KUWEI_SESSION_SECRETS": json.dumps([self._session_secret()]),
            "PYTHONUNBUFFERED": "1",
        }

    def _session_secret(self) -> str:
        """Return the secret that signs this demo's session cookies."""
        known = self.notebook.get("session secret")
        if known is None:
            known = secrets.token_hex(32)
            self.notebook.put("session secret", known)
        return known

    def _database(self, name: str) -> str:
        if self.postgres is None:
            raise RuntimeError("the database server is started by the first stage")
        return self.postgres.url(name)
