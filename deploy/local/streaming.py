"""Generated payments, handed to each node the way a payment system does it.

Over HTTP with a client-credentials token, in batches, in the order of business;
when a node sheds, we wait as long as it asks. Repeating is harmless: a node
answers a payment it knows with the answer it gave.
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
from places import Place
from processes import StageFailedError
from state import Stack

BATCH = 200
TRIES = 60
TOKEN_S = 200.0
WAIT_S = 60.0
BUSY = {429, 503}
CHINA = dt.timezone(dt.timedelta(hours=8))


@dataclass(slots=True)
class Tally:
    """What the nodes answered so far; several threads add to it."""

    counts: Counter[str] = field(default_factory=Counter)
    _adding: threading.Lock = field(default_factory=threading.Lock)

    def add(self, answers: list[dict[str, object]]) -> None:
        """Count the answers of one batch."""
        with self._adding:
            self.counts["payments"] += len(answers)
            for answer in answers:
                self.counts[str(answer["decision"])] += 1
                self.counts["with hits"] += bool(answer["hits"])
                self.counts["undetermined"] += bool(answer["undetermined"])
                self.counts["repeated"] += bool(answer["is_repeat"])


@dataclass(slots=True)
class PaymentSystem:
    """One payment system's line to one node."""

    stack: Stack
    place: Place
    token: str = ""
    token_from: float = 0.0

    def hand_in(self, payments: list[dict[str, object]]) -> list[dict[str, object]]:
        """Have a batch screened; wait and try again while the node is busy.

        Raises:
            StageFailedError: the node refused, or stayed busy.
        """
        body = json.dumps({"payments": payments}, ensure_ascii=False).encode()
        for _ in range(TRIES):
            status, wait_s, answer = self._post(body)
            if status == http.client.OK:
                answers: list[dict[str, object]] = json.loads(answer)["answers"]
                return answers
            if status not in BUSY:
                said = answer.decode(errors="replace")[:400]
                raise StageFailedError(f"{self.place.name} answered {status}: {said}")
            time.sleep(wait_s)
        raise StageFailedError(f"{self.place.name} stayed busy {TRIES} times")

    def _post(self, body: bytes) -> tuple[int, float, bytes]:
        port = self.stack.ports.nodes[self.place.code]
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
        try:
            heads = {
                "Authorization": f"Bearer {self._fresh_token()}",
                "Content-Type": "application/json",
            }
            line.request("POST", "/v1/payments:screen", body, heads)
            answer = line.getresponse()
            wait_s = float(answer.getheader("Retry-After") or 1)
            return answer.status, wait_s, answer.read()
        finally:
            line.close()

    def _fresh_token(self) -> str:
        if time.monotonic() - self.token_from > TOKEN_S or not self.token:
            form = {
                "grant_type": "client_credentials",
                "client_id": "payment-system",
                "client_secret": "payment-system-demo-only",
            }
            url = f"http://127.0.0.1:{self.stack.ports.issuer}/token"
            data = urllib.parse.urlencode(form).encode()
            with urllib.request.urlopen(
                url, data, timeout=WAIT_S
            ) as answer:  # loopback http
                self.token = str(json.load(answer)["access_token"])
            self.token_from = time.monotonic()
        return self.token


def stream(stack: Stack, place: Place, path: Path, tally: Tally) -> int:
    """Hand one node its payments; begin where an earlier start stopped.

    Returns:
        How many were handed in by this start.
    """
    system = PaymentSystem(stack, place)
    name = f"streamed {place.code}"
    start = done = int(stack.notebook.get(name) or 0)
    for batch in _batches(path, start):
        if stack.leaving.is_set():
            break
        tally.add(system.hand_in(batch))
        done += len(batch)
        stack.notebook.put(name, str(done))
    return done - start


def rows_in(path: Path) -> int:
    """Return how many rows a Parquet file has."""
    rows: int = pq.ParquetFile(path).metadata.num_rows
    return rows


def _batches(path: Path, start: int) -> Iterator[list[dict[str, object]]]:
    """Yield the rows from ``start`` on, in the order of business."""
    position = 0
    for batch in pq.ParquetFile(path).iter_batches(BATCH):
        position += batch.num_rows
        if position > start:
            fresh = batch.slice(max(0, start - position + batch.num_rows))
            yield [_payment(row) for row in fresh.to_pylist()]


def _payment(row: dict[str, object]) -> dict[str, object]:
    """Return a row as JSON: absent fields left out, money as text."""
    return {name: _plain(value) for name, value in row.items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=CHINA).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
