"""Four times what it can do: a node says so at once, and loses nothing."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

import embedded
import httpx
import pytest
import web_lab
from pace import PATIENCE_S
from process_lab import (
    NodeProcesses,
    furnish,
    node_processes,
    some_payment,
    times_recorded,
)

pytestmark = pytest.mark.integration

PER_REQUEST, IN_FLIGHT, LOAD_S = 100, 4, 5.0
BUSY = {429, 503}
# What a person would still call at once; where a request at rest takes long already,
# so many times that. Medians of several: a pause of the whole machine is not its fault.
SOON_S, SLOWER = 3.0, 10
HELD = 3
FASTER_MAX = 16


@dataclass
class Told:
    """What a flood of requests was answered."""

    run: str
    answered: dict[int, list[str]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    retry_named: int = 0
    shed_s: list[float] = field(default_factory=list)
    health_s: list[float] = field(default_factory=list)
    released_s: list[float] = field(default_factory=list)


@pytest.fixture(scope="module")
def node(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NodeProcesses]:
    url = postgres.create("overload")
    furnish(url)
    folder = tmp_path_factory.mktemp("overload")
    with node_processes(url, folder, IN_FLIGHT_MAX=str(IN_FLIGHT)) as made:
        made.start("web")
        made.wait_ready()
        yield made


def request_of(number: int, run: str) -> list[dict[str, object]]:
    first = number * PER_REQUEST
    return [some_payment(first + n, run) for n in range(PER_REQUEST)]


def capacity(node: NodeProcesses) -> float:
    """Return how many such requests a second the node answers one after another."""
    with node.client() as client:
        for number in range(3):  # the first compile and plan
            client.post("/v1/payments:screen", json=_body(number, "warm"))
        started = time.monotonic()
        for number in range(10):
            answer = client.post("/v1/payments:screen", json=_body(number, "pace"))
            assert answer.status_code == 200, answer.text
        return 10 / (time.monotonic() - started)


def _body(number: int, run: str) -> dict[str, object]:
    return {"payments": request_of(number, run)}


async def flood(node: NodeProcesses, rate: float, told: Told) -> None:
    """Offer requests at a steady rate, whatever the answers; no end before releases."""
    limits, least = httpx.Limits(max_connections=400), int(rate * LOAD_S)
    heads = {"authorization": f"Bearer {node.token}"}
    async with (
        httpx.AsyncClient(
            base_url=node.url,
            headers=heads,
            trust_env=False,
            timeout=PATIENCE_S,
            limits=limits,
        ) as client,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(_watch_health(node, told))
        for number in range(4 * least):
            if number >= least and len(told.released_s) == HELD:
                break
            group.create_task(_offer(client, number, told))
            await asyncio.sleep(1 / rate)


async def _offer(client: httpx.AsyncClient, number: int, told: Told) -> None:
    body, started = _body(number, told.run), time.monotonic()
    answer = await client.post("/v1/payments:screen", json=body)
    told.statuses[answer.status_code] += 1
    if answer.status_code == 200:
        told.answered[number] = [one["decision"] for one in answer.json()["answers"]]
    else:
        told.retry_named += int(answer.headers["retry-after"]) >= 1
        told.shed_s.append(time.monotonic() - started)


async def _watch_health(node: NodeProcesses, told: Told) -> None:
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        until = time.monotonic() + LOAD_S
        while time.monotonic() < until:
            started = time.monotonic()
            answer = await client.get("/healthz", timeout=PATIENCE_S)
            assert answer.status_code == 200
            told.health_s.append(time.monotonic() - started)
            await asyncio.sleep(0.1)


def held(node: NodeProcesses, run: str) -> list[int]:
    """Have payments held: one person made and checked them. Return their numbers."""
    one_person = {"maker_code": "u1", "checker_code": "u1"}
    odd = [some_payment(n, f"held-{run}", **one_person) for n in range(HELD)]
    with node.client() as client:
        answer = client.post("/v1/payments:screen", json={"payments": odd})
    answers = answer.json()["answers"]
    assert [one["decision"] for one in answers] == ["hold"] * HELD
    return [int(one["seq"]) for one in answers]


def release(browser: httpx.Client, seq: int) -> float:
    """Release a held payment as a person does; return the seconds it took."""
    token = web_lab.csrf_token(browser.get("/holds"))
    started = time.monotonic()
    answer = browser.post(
        f"/holds/{seq}/release",
        data={"reason": "已核对凭证原件", "csrf_token": token},
        follow_redirects=False,
    )
    assert answer.status_code in {200, 303}, answer.text[:500]
    return time.monotonic() - started


async def flood_and_release(node: NodeProcesses, rate: float, run: str) -> Told:
    told, numbers = Told(run), held(node, run)
    with node.reviewer() as browser:
        flooding = asyncio.create_task(flood(node, rate, told))
        await asyncio.sleep(LOAD_S / 2)
        for seq in numbers:
            told.released_s.append(await asyncio.to_thread(release, browser, seq))
        await flooding
    return told


def overload(node: NodeProcesses, rate: float, faster: int = 1) -> Told:
    """Flood a node; faster, should its capacity have been measured in a bad moment."""
    run = f"flood{faster}"
    told = asyncio.run(flood_and_release(node, rate * faster, run))
    if told.statuses[429] or faster >= FASTER_MAX:
        return told
    return overload(node, rate, 4 * faster)


def test_overload_is_told_and_survived(node: NodeProcesses) -> None:
    able = capacity(node)

    told = overload(node, 4 * able)
    with node.client() as client:
        after = client.post("/v1/payments:screen", json=_body(0, "after"))

    soon_s = max(SOON_S, SLOWER / able)
    assert after.status_code == 200
    assert set(told.statuses) <= {200, *BUSY}
    assert told.statuses[429] > 0
    assert told.retry_named == len(told.shed_s)
    for taken_s in (told.shed_s, told.health_s, told.released_s):
        assert median(taken_s) < soon_s
    kept = times_recorded(node.environment["KUWEI_DATABASE_URL"], told.run)
    owed = {one["payment_id"] for n in told.answered for one in request_of(n, told.run)}
    assert kept == Counter(dict.fromkeys(map(str, owed), 1))
