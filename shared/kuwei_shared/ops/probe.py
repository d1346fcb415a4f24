"""Ask a service of this container whether it is ready; status 0 says yes.

The image carries no curl. Used by the health checks of docker-compose.yml::

    python -m kuwei_shared.ops.probe http://127.0.0.1:8100/readyz
    python -m kuwei_shared.ops.probe tcp://127.0.0.1:8101
"""

from __future__ import annotations

import http.client
import socket
import sys
from urllib.parse import urlsplit

WAIT_S = 3.0


def is_ready(address: str) -> bool:
    """Tell whether a page answers 200, or a port accepts a connection."""
    parts = urlsplit(address)
    place = (parts.hostname or "127.0.0.1", parts.port or 80)
    try:
        if parts.scheme == "tcp":
            socket.create_connection(place, WAIT_S).close()
            return True
        connection = http.client.HTTPConnection(*place, timeout=WAIT_S)
        connection.request("GET", parts.path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


if __name__ == "__main__":
    sys.exit(0 if is_ready(sys.argv[1]) else 1)
