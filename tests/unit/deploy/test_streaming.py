"""Generated payments on their way to a node that may be busy, or refuse them."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import streaming
import year
from notebook import Notebook
from places import PLACES
from ports import Ports
from processes import StageFailedError, Supervisor
from state import Stack
from streaming import Tally, stream

PLACE, OTHER = PLACES[:2]
# As the generator writes it: local time, without saying so.
NOON = dt.datetime(2026, 3, 5, 12)  # noqa: DTZ001  # that is what is tried
SOON = {"Retry-After": "0.01"}
Answer = tuple[int, dict[str, str], str]


# Any: payments and answers are JSON.
@dataclass
class Node:
    """A node and its issuer: takes payments, and says what a test tells it to.

    Attributes:
        says: answers to give instead of judging, first to last.
    """

    port: int = 0
    says: list[Answer] = field(default_factory=list)
    taken: list[list[dict[str, Any]]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    issued: int = 0
    _answering: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, body: bytes, token: str | None) -> Answer:
        with self._answering:  # several places hand in at once
            return self._answer(path, body, token)

    def _answer(self, path: str, body: bytes, token: str | None) -> Answer:
        if path == "/token":
            self.issued += 1
            return 200, {}, json.dumps({"access_token": f"t{self.issued}"})
        self.tokens.append(token)
        if self.says:
            return self.says.pop(0)
        payments = json.loads(body)["payments"]
        self.taken.append(payments)
        return 200, {}, json.dumps({"answers": [judged(one) for one in payments]})


def judged(payment: dict[str, Any]) -> dict[str, Any]:
    is_large = Decimal(payment["pay_amt"]) >= 100
    return {
        "decision": "hold" if is_large else "pass",
        "hits": ["GX-U10"] if is_large else [],
        "undetermined": [],
        "is_repeat": False,
    }


@pytest.fixture
def node() -> Iterator[Node]:
    found = Node()

    class Edge(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            token = self.headers["Authorization"]
            status, heads, text = found.answer(self.path, body, token)
            self.send_response(status)
            for name, value in heads.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Edge) as server:
        found.port = server.server_port
        thread = threading.Thread(
            target=server.serve_forever, args=(0.01,), daemon=True
        )
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def demo(tmp_path: Path, node: Node) -> Stack:
    """A demo of two places, both served by the node."""
    ports = {
        "hub_web": 1,
        "hub_grpc": 1,
        "enrolment": 1,
        "redis": 1,
        "issuer": node.port,
    }
    return Stack(
        folder=tmp_path,
        payments=1,
        seed=1,
        ports=Ports(**ports, nodes={p.code: node.port for p in PLACES}),
        supervisor=Supervisor(tmp_path),
        notebook=Notebook(tmp_path / "notebook.json"),
        places=(PLACE, OTHER),
    )


def year_of(folder: Path, code: str, count: int) -> Path:
    """Write a place's payments: the first is large, one field is always absent."""
    path = folder / "year" / code / "payments.parquet"
    path.parent.mkdir(parents=True)
    rows = [
        {
            "payment_id": f"{code}-{n}",
            "pay_amt": Decimal("100.00") if n == 0 else Decimal("0.50"),
            "vou_date": dt.date(2026, 3, 5),
            "xpay_time": NOON,
            "card_no": None,
        }
        for n in range(count)
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_a_payment_is_sent_as_a_payment_system_writes_it(
    demo: Stack, node: Node
) -> None:
    stream(demo, PLACE, year_of(demo.folder, PLACE.code, 1), Tally())

    assert node.taken == [
        [
            {
                "payment_id": f"{PLACE.code}-0",
                "pay_amt": "100.00",
                "vou_date": "2026-03-05",
                "xpay_time": "2026-03-05T12:00:00+08:00",
            }
        ]
    ]


def test_payments_go_in_batches_in_order_and_are_counted(
    demo: Stack, node: Node
) -> None:
    tally = Tally()

    done = stream(demo, PLACE, year_of(demo.folder, PLACE.code, 450), tally)

    sent = [one["payment_id"] for batch in node.taken for one in batch]
    assert [len(batch) for batch in node.taken] == [200, 200, 50]
    assert sent == [f"{PLACE.code}-{n}" for n in range(450)]
    assert done == tally.counts["payments"] == 450
    assert (tally.counts["hold"], tally.counts["with hits"]) == (1, 1)


@pytest.mark.parametrize(
    ("before", "left"), [("200", 250), ("210", 240), ("450", 0), ("449", 1)]
)
def test_a_later_start_goes_on_where_the_first_stopped(
    demo: Stack, node: Node, before: str, left: int
) -> None:
    demo.notebook.put(f"streamed {PLACE.code}", before)

    done = stream(demo, PLACE, year_of(demo.folder, PLACE.code, 450), Tally())

    sent = [one["payment_id"] for batch in node.taken for one in batch]
    assert done == len(sent) == left
    assert sent[:1] == [f"{PLACE.code}-{before}"][:left]
    assert demo.notebook.get(f"streamed {PLACE.code}") in {before, "450"}


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_node_is_waited_for(demo: Stack, node: Node, status: int) -> None:
    node.says = [(status, SOON, "busy")] * 3

    done = stream(demo, PLACE, year_of(demo.folder, PLACE.code, 5), Tally())

    assert done == 5
    assert len(node.tokens) == 4


def test_a_node_that_stays_busy_fails_the_stage(
    demo: Stack, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "TRIES", 3)
    node.says = [(503, SOON, "busy")] * 3

    with pytest.raises(StageFailedError, match="stayed busy 3 times"):
        stream(demo, PLACE, year_of(demo.folder, PLACE.code, 5), Tally())


@pytest.mark.parametrize("status", [400, 401, 403, 422, 500])
def test_a_refusal_is_reported_with_its_words_and_nothing_is_taken_for_done(
    demo: Stack, node: Node, status: int
) -> None:
    path = year_of(demo.folder, PLACE.code, 250)
    stream(demo, PLACE, path, Tally())
    demo.notebook.put(f"streamed {PLACE.code}", "200")
    node.says = [(status, {}, "金额无效")]

    with pytest.raises(StageFailedError, match=f"{PLACE.name} answered {status}: 金额"):
        stream(demo, PLACE, path, Tally())

    assert demo.notebook.get(f"streamed {PLACE.code}") == "200"


def test_a_token_serves_many_batches_and_is_renewed_before_it_ends(
    demo: Stack, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream(demo, PLACE, year_of(demo.folder, PLACE.code, 450), Tally())
    monkeypatch.setattr(streaming, "TOKEN_S", -1.0)

    stream(demo, OTHER, year_of(demo.folder, OTHER.code, 450), Tally())

    assert node.tokens[:3] == ["Bearer t1"] * 3
    assert node.tokens[3:] == ["Bearer t2", "Bearer t3", "Bearer t4"]


def test_nothing_more_is_sent_once_someone_asked_to_stop(
    demo: Stack, node: Node
) -> None:
    demo.leaving.set()

    done = stream(demo, PLACE, year_of(demo.folder, PLACE.code, 5), Tally())

    assert (done, node.taken) == (0, [])


def test_the_year_goes_through_every_node_at_once(demo: Stack, node: Node) -> None:
    for place in demo.places:
        year_of(demo.folder, place.code, 250)
    demo.notebook.put(f"streamed {OTHER.code}", "200")

    note = year.payments(demo)

    assert note == "本次 300 条,此前 200 条"
    assert sum(len(batch) for batch in node.taken) == 300
    assert not demo.leaving.is_set()


def test_one_node_that_refuses_fails_the_year(demo: Stack, node: Node) -> None:
    for place in demo.places:
        year_of(demo.folder, place.code, 250)
    node.says = [(422, {}, "金额无效")]

    with pytest.raises(StageFailedError, match="answered 422"):
        year.payments(demo)
