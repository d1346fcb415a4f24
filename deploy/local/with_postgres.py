"""Run a command beside a throw-away PostgreSQL.

``{url}`` among its arguments becomes the address of an empty database::

    python deploy/local/with_postgres.py kuwei-rules test --postgres {url}
"""

from __future__ import annotations

import subprocess
import sys

import embedded


def main() -> None:
    """Start the server, run the command, stop the server; pass the status on."""
    folder = embedded.scratch("kuwei-with-pg-")
    server = embedded.postgres(folder / "data", embedded.FAST)
    try:
        url = server.create("empty")
        command = [word.replace("{url}", url) for word in sys.argv[1:]]
        status = subprocess.run(command, check=False).returncode
    finally:
        server.stop()
        embedded.discard(folder)
    sys.exit(status)


if __name__ == "__main__":
    main()
