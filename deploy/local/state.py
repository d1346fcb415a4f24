"""What the demo's steps share: where things are, what runs, what was done."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import embedded
import psycopg2
from notebook import Notebook
from places import PLACES, Place
from ports import Ports
from processes import StageFailedError, Supervisor

from kuwei_node.uplink.adapters.identity import IdentityFolder

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv" / "bin"
ROLE = "kuwei_app"
"""The database role that owns nothing: row-level security binds who takes it."""


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
    closing: str = ""
    _making: threading.Lock = field(default_factory=threading.Lock)

    def stop(self) -> None:
        """Stop programs first, then the servers they use."""
        self.supervisor.stop()
        if self.redis:
            self.redis.stop()
        if self.postgres:
            self.postgres.stop()

    def require_staying(self) -> None:
        """Raise once someone asked to stop."""
        if self.leaving.is_set():
            raise StageFailedError("stopped on request")

    def hub(self) -> dict[str, str]:
        """Return the settings of a hub's process that signs nothing."""
        ports = self.ports
        return self._web(ports.hub_web, "hub", "省财政厅") | {
            "KUWEI_DATABASE_URL": self.address("hub"),
            "KUWEI_DATA_DIR": str(self.folder / "hub"),
            "KUWEI_GRPC_BIND": f"127.0.0.1:{ports.hub_grpc}",
            "KUWEI_GRPC_ADDRESS": f"127.0.0.1:{ports.hub_grpc}",
            "KUWEI_ENROL_BIND": f"127.0.0.1:{ports.enrolment}",
            "KUWEI_ENROL_ADDRESS": f"127.0.0.1:{ports.enrolment}",
            "KUWEI_ENROL_PER_MINUTE": "60",
            "KUWEI_SPREAD_MS": "500",
        }

    def signing_hub(self) -> dict[str, str]:
        """Return the settings of what signs: the gRPC process and the verbs."""
        passphrase = self._secret("key passphrase")
        return self.hub() | {"KUWEI_KEYS_PASSPHRASE": passphrase}

    def node(self, place: Place) -> dict[str, str]:
        """Return a node's settings."""
        return self._web(self.ports.nodes[place.code], "node", place.name) | {
            "KUWEI_DATABASE_URL": self.address(place.database),
            "KUWEI_DATA_DIR": str(self.folder / place.database),
            "KUWEI_REDIS_URL": self.redis.url if self.redis else "",
            "KUWEI_QUEUE": place.code,
        }

    def identity(self, place: Place) -> IdentityFolder:
        """Return the folder that makes a node this node."""
        return IdentityFolder(self.folder / place.database / "identity")

    def run(self, name: str, *command: str, env: Mapping[str, str]) -> str:
        """Run one of our commands to its end; return what it printed."""
        program, *arguments = command
        return self.supervisor.run(name, [str(BIN / program), *arguments], env)

    def offline(self) -> dict[str, str]:
        """Return settings for a verb that reaches no service."""
        return {"PYTHONUNBUFFERED": "1"}

    def address(self, name: str) -> str:
        """Return the address of one of the databases, as the owner of its tables."""
        if self.postgres is None:
            raise RuntimeError("the database server is started by the first stage")
        return self.postgres.url(name)

    def ask(self, database: str, question: str) -> str:
        """Ask one of the databases for a single value."""
        with (
            closing(psycopg2.connect(_libpq(self.address(database)))) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(question)
            row = cursor.fetchone()
        return str(row[0]) if row else ""

    def revisions(self) -> str:
        """Return the names of all migrations, and the role that may use the tables."""
        found = ROOT.glob("*/kuwei_*/migrations/versions/*.py")
        return " ".join([*sorted(path.stem for path in found), ROLE])

    def _web(self, port: int, service: str, place: str) -> dict[str, str]:
        """Return the settings of a service's pages; its stand-ins know no secret."""
        return {
            "KUWEI_MODE": "development",
            "KUWEI_DATABASE_ROLE": ROLE,
            "KUWEI_WEB_BIND": f"127.0.0.1:{port}",
            "KUWEI_WEB_URL": f"http://127.0.0.1:{port}",
            "KUWEI_PLACE": place,
            "KUWEI_ISSUER": f"http://127.0.0.1:{self.ports.issuer}",
            "KUWEI_WEB_CLIENT_ID": f"{service}-web",
            "KUWEI_WEB_CLIENT_SECRET": f"{service}-web-demo-only",
            "KUWEI_SESSION_SECRETS": json.dumps([self._secret("session secret")]),
            "PYTHONUNBUFFERED": "1",
        }

    def _secret(self, name: str) -> str:
        """Return one of this demo's secrets, made when first asked for."""
        with self._making:
            known = self.notebook.get(name)
            if known is None:
                known = secrets.token_hex(32)
                self.notebook.put(name, known)
            return known


def _libpq(url: str) -> str:
    """Return SQLAlchemy's address as the driver itself spells it."""
    return url.replace("postgresql+psycopg2://", "postgresql://")
