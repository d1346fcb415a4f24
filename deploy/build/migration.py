"""Write a new migration: ``make migration S=node M="add the held queue"``.

Compares the tables in code with an empty PostgreSQL brought to the newest
revision. Read what it wrote: expand, backfill and enforce are three migrations.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sqlalchemy import create_engine

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "local"))

import embedded  # noqa: E402  # found on the path set above

from kuwei_shared.db import migrate  # noqa: E402  # follows embedded

SERVICES = ("hub", "node")


def main() -> None:
    """Check the arguments and write the revision."""
    service, sentence = (*sys.argv[1:], "", "")[:2]
    if service not in SERVICES or not sentence:
        sys.exit('say which and what: make migration S=hub|node M="add …"')
    package = f"kuwei_{service}"
    folder = embedded.scratch("kuwei-migration-")
    server = embedded.postgres(folder / "data", embedded.FAST)
    try:
        engine = create_engine(server.create(service))
        migrate.upgrade(package, engine)
        migrate.write_revision(package, engine, sentence)
        engine.dispose()
    finally:
        server.stop()
        embedded.discard(folder)
    versions = ROOT / service / package / "migrations" / "versions"
    subprocess.run([ROOT / ".venv/bin/ruff", "format", "-q", versions], check=True)


if __name__ == "__main__":
    main()
