"""The limit under single payments: one bare row committed at the same rate.

    python bare_commits.py < job.json      job: {dsn, rate, seconds}

No service, no rule, no index but the key: what is slow here is the disk and the
machine. A commit's time counts from the moment it was due, as a request's does.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from typing import Any

import psycopg2

CONNECTIONS = 4
BODY = "x" * 1_000
TABLE = "bare_commit"


def work(dsn: str, due: queue.SimpleQueue[float | None], times: list[float]) -> None:
    """Commit a row for every moment taken from a queue, until there is none."""
    with psycopg2.connect(dsn) as plain, plain.cursor() as cursor:
        while (moment := due.get()) is not None:
            cursor.execute(f"INSERT INTO {TABLE} (body) VALUES (%s)", (BODY,))
            plain.commit()
            times.append((time.perf_counter() - moment) * 1000)
    plain.close()


def main(job: dict[str, Any]) -> None:  # Any: JSON
    """Commit at a rate and print every commit's time in milliseconds, sorted."""
    plain = psycopg2.connect(job["dsn"])
    plain.autocommit = True
    with plain.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {TABLE} (id bigserial PRIMARY KEY, body text)")
    due: queue.SimpleQueue[float | None] = queue.SimpleQueue()
    times: list[float] = []
    lines = [
        threading.Thread(target=work, args=(job["dsn"], due, times))
        for _ in range(CONNECTIONS)
    ]
    for line in lines:
        line.start()
    began = time.perf_counter() + 0.05
    for number in range(job["rate"] * job["seconds"]):
        moment = began + number / job["rate"]
        time.sleep(max(0.0, moment - time.perf_counter()))
        due.put(moment)
    for _ in lines:
        due.put(None)
    for line in lines:
        line.join()
    with plain.cursor() as cursor:
        cursor.execute(f"DROP TABLE {TABLE}")
    plain.close()
    print(json.dumps({"ms": sorted(times)}))


if __name__ == "__main__":
    main(json.load(sys.stdin))
