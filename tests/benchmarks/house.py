"""The node every measurement runs on: generated payments, the standard catalogue.

PostgreSQL as a site would run it (fsync on, commits durable), on two cores shared
by everything: server, node, client.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import embedded
import psycopg2
from node_lab import NodeLab
from sqlalchemy.orm import Session

from kuwei_node import schema
from kuwei_shared.catalogue import bundle
from kuwei_shared.db.engine import PoolLimits, connect
from kuwei_shared.screening.effective import EffectiveCatalogue

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "rules-catalog"
DIVISION = "450000000"
"""The provincial bureau: a third of the generated payments are its own."""
KUWEI_NODE = Path(sys.executable).with_name("kuwei-node")
SERVER = embedded.SAFE | {
    "shared_buffers": "'512MB'",
    "max_wal_size": "'4GB'",
    "min_wal_size": "'2GB'",
}
LOG_FILES, LOG_FILE_BYTES = 96, 1 << 24


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A node with reference data and a catalogue in force, and no payments yet.

    Attributes:
        url: SQLAlchemy address of its database.
        folder: scratch folder.
        books: what was generated for the node: payments and reference data.
    """

    url: str
    folder: Path
    books: Path

    @property
    def env(self) -> dict[str, str]:
        """Environment for the node's verbs."""
        return dict(
            os.environ,
            KUWEI_DATABASE_URL=self.url,
            KUWEI_MODE="development",
            KUWEI_DATA_DIR=str(self.folder / "data"),
        )

    def verb(self, *words: str) -> str:
        """Run one of the node's verbs; return what it printed."""
        done = subprocess.run(
            [KUWEI_NODE, *words],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stdout[-800:] + done.stderr[-800:])
        return done.stdout

    def connection(
        self,
    ) -> contextlib.AbstractContextManager[psycopg2.extensions.connection]:
        """Give a plain connection to its database."""
        return connected(self.url)

    def effective(self) -> EffectiveCatalogue:
        """Return the catalogue in force."""
        engine = connect(self.url, PoolLimits(size=1), application="bench")
        try:
            with Session(engine) as session:
                return NodeLab(engine).catalogues.current(session)
        finally:
            engine.dispose()


def put_in_use(url: str) -> None:
    """Have the server write its log files once.

    A server in use writes over the ones it has. A new one makes each when it is
    needed, and whoever commits then waits for sixteen megabytes of zeros.
    """
    with connected(url) as plain, plain.cursor() as cursor:
        for _ in range(LOG_FILES):
            cursor.execute(
                "SELECT pg_logical_emit_message(false, 'bench', repeat('x', %s))",
                (LOG_FILE_BYTES,),
            )
        cursor.execute("CHECKPOINT")


@contextlib.contextmanager
def connected(url: str) -> Iterator[psycopg2.extensions.connection]:
    """Give a plain connection, each statement its own transaction."""
    plain = psycopg2.connect(
        url.replace("+psycopg2", ""), options="-c jit=off -c timezone=UTC"
    )
    plain.autocommit = True
    try:
        yield plain
    finally:
        plain.close()


def _settle(url: str) -> None:
    """Write to the disk what setting up has left to be written."""
    with connected(url) as plain, plain.cursor() as cursor:
        cursor.execute("CHECKPOINT")
    os.sync()


@contextlib.contextmanager
def house(payments: int, sample: Path | None = None) -> Iterator[House]:
    """Set the node up in a scratch folder, and take it down again.

    Args:
        payments: how many payments to generate for the province.
        sample: a folder that was generated earlier, to save the time.
    """
    folder = embedded.scratch("kuwei-bench-")
    server = embedded.postgres(folder / "pg", SERVER)
    try:
        url = server.create("bench")
        put_in_use(url)
        engine = connect(url, PoolLimits(size=1), application="bench")
        schema.metadata().create_all(engine)
        NodeLab(engine).put_in_force(bundle.pack(CATALOGUE))
        engine.dispose()
        made = sample or folder / "sample"
        found = House(url=url, folder=folder, books=made / DIVISION)
        if sample is None:
            found.verb("generate", "--payments", str(payments), "--out", str(made))
        found.verb("load-reference", str(found.books), "--division", DIVISION)
        _settle(url)
        yield found
    finally:
        server.stop()
        embedded.discard(folder)
