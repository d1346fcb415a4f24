"""A light client in a process of its own: raw sockets, bodies made beforehand.

    python http_client.py < job.json      job: {port, token, bodies, mode, rate}

``closed``: two connections, each sending as soon as it was answered.
``open``: requests leave at a fixed rate whatever the server does; a request's time
counts from the moment it was due, so that waiting for a slow server is not hidden.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

CONNECTIONS = {"closed": 2, "open": 16}
OK = b"200"


class Line:
    """One kept-alive connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str
    ) -> None:
        self.reader, self.writer = reader, writer
        self.head = (
            "POST /v1/payments:screen HTTP/1.1\r\nHost: bench\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        )

    async def post(self, body: bytes) -> bytes:
        """Send one request; return the status of its answer."""
        self.writer.write(
            f"{self.head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        )
        head = await self.reader.readuntil(b"\r\n\r\n")
        fields = head.lower().split(b"\r\n")
        length = next(f for f in fields if f.startswith(b"content-length:"))
        await self.reader.readexactly(int(length.split(b":")[1]))
        return head.split(b" ", 2)[1]


async def closed(lines: list[Line], bodies: list[bytes]) -> dict[str, Any]:
    """Send everything as fast as it is answered. Any: JSON."""
    left, statuses = iter(bodies), []

    async def work(line: Line) -> None:
        statuses.extend([await line.post(body) for body in left])

    began = time.perf_counter()
    await asyncio.gather(*map(work, lines))
    taken = time.perf_counter() - began
    return {"seconds": taken, "refused": sum(s != OK for s in statuses)}


async def open_loop(
    lines: list[Line], bodies: list[bytes], rate: float
) -> dict[str, Any]:
    """Send at a rate; return every request's time in milliseconds. Any: JSON."""
    idle: asyncio.Queue[Line] = asyncio.Queue()
    for line in lines:
        idle.put_nowait(line)
    times, refused = [], []

    async def one(due: float, body: bytes) -> None:
        line = await idle.get()
        status = await line.post(body)
        times.append((time.perf_counter() - due) * 1000)
        idle.put_nowait(line)
        if status != OK:
            refused.append(status)

    began, tasks = time.perf_counter() + 0.05, []
    for number, body in enumerate(bodies):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(due, body)))
    await asyncio.gather(*tasks)
    return {"ms": sorted(times), "refused": len(refused)}


async def main(job: dict[str, Any], bodies: list[bytes]) -> None:  # Any: JSON
    """Do one job and print its figures."""
    lines = [
        Line(*await asyncio.open_connection("127.0.0.1", job["port"]), job["token"])
        for _ in range(CONNECTIONS[job["mode"]])
    ]
    if job["mode"] == "closed":
        figures = await closed(lines, bodies)
    else:
        figures = await open_loop(lines, bodies, job["rate"])
    for line in lines:
        line.writer.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    asyncio.run(main(asked, Path(asked["bodies"]).read_bytes().splitlines()))
