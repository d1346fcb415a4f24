"""The gate gives every place back, whatever a caller does with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from starlette.types import Message, Receive, Scope, Send

from kuwei_node.capacity.api import GATED, CapacityGate
from kuwei_node.capacity.service import Capacity, CapacityLimits

SCOPE: Scope = {
    "type": "http",
    "method": "POST",
    "path": GATED,
    "headers": [(b"accept", b"application/json")],
    "query_string": b"",
}
LIMITS = CapacityLimits(in_flight_max=1, waiting_max=0, body_max=10, body_wait_s=0.05)
TURNS = 50
QUEUE = replace(LIMITS, waiting_max=2, body_wait_s=60)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the body."""
    del scope
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


class Caller:
    """Sends parts of a body, then nothing more."""

    def __init__(self, gate: CapacityGate, *parts: bytes, is_whole: bool) -> None:
        self.gate = gate
        self.parts = list(parts)
        self.is_whole = is_whole
        self.told: list[Message] = []

    async def receive(self) -> Message:
        if not self.parts:
            await asyncio.Event().wait()
        body = self.parts.pop(0)
        more = bool(self.parts) or not self.is_whole
        return {"type": "http.request", "body": body, "more_body": more}

    async def send(self, message: Message) -> None:
        self.told.append(message)

    async def call(self) -> int:
        await self.gate(SCOPE, self.receive, self.send)
        return int(self.told[0]["status"])


def asked(
    gate: CapacityGate, parts: Sequence[bytes], *, is_whole: bool = True
) -> Caller:
    return Caller(gate, *parts, is_whole=is_whole)


def test_a_request_in_parts_arrives_whole() -> None:
    gate = CapacityGate(echo, Capacity(LIMITS))
    caller = asked(gate, [b"one", b"two"])

    assert asyncio.run(caller.call()) == 200
    assert caller.told[1]["body"] == b"onetwo"


def test_a_request_that_trickles_in_gives_its_place_back() -> None:
    gate = CapacityGate(echo, Capacity(LIMITS))

    assert asyncio.run(asked(gate, [b"one"], is_whole=False).call()) == 400
    assert asyncio.run(asked(gate, [b"one"]).call()) == 200


def test_a_request_beyond_any_honest_size_is_refused() -> None:
    gate = CapacityGate(echo, Capacity(LIMITS))

    assert asyncio.run(asked(gate, [b"123456", b"789012"]).call()) == 400
    assert gate.capacity.in_flight == 0


def test_a_place_taken_means_come_back_later() -> None:
    gate = CapacityGate(echo, Capacity(LIMITS))
    refused = asked(gate, [b"one"])

    async def both() -> tuple[int, int]:
        slow = asyncio.create_task(asked(gate, [b"one"], is_whole=False).call())
        await asyncio.sleep(0)
        return await refused.call(), await slow

    assert asyncio.run(both()) == (429, 400)
    assert (b"retry-after", b"1") in refused.told[0]["headers"]


async def until_waiting(gate: CapacityGate, count: int) -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)
    assert gate.capacity.waiting == count


def test_who_comes_first_is_served_first() -> None:
    served: list[bytes] = []
    open_at = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        served.append((await receive())["body"])
        await open_at.wait()
        await echo(scope, _body, send)

    async def queue() -> list[int]:
        gate = CapacityGate(slow, Capacity(QUEUE))
        calls = []
        for turn, name in enumerate((b"first", b"second", b"third")):
            calls.append(asyncio.create_task(asked(gate, [name]).call()))
            await until_waiting(gate, turn)
        open_at.set()
        return await asyncio.gather(*calls)

    assert asyncio.run(queue()) == [200, 200, 200]
    assert served == [b"first", b"second", b"third"]


async def _body() -> Message:
    return {"type": "http.request", "body": b""}


def test_a_full_queue_refuses_at_once_and_an_endless_one_in_time() -> None:
    async def queue() -> tuple[int, int]:
        gate = CapacityGate(echo, Capacity(replace(QUEUE, waiting_max=1, wait_s=0.2)))
        holder = asyncio.create_task(asked(gate, [b"one"], is_whole=False).call())
        await asyncio.sleep(0)
        waiting = asyncio.create_task(asked(gate, [b"two"]).call())
        await until_waiting(gate, 1)
        at_once = await asked(gate, [b"three"]).call()
        assert not waiting.done()
        in_time = await waiting
        holder.cancel()
        return at_once, in_time

    assert asyncio.run(queue()) == (429, 429)


def test_who_hangs_up_while_waiting_takes_no_place() -> None:
    async def queue() -> int:
        gate = CapacityGate(echo, Capacity(QUEUE))
        holder = asyncio.create_task(asked(gate, [b"one"], is_whole=False).call())
        await asyncio.sleep(0)
        waiting = asyncio.create_task(asked(gate, [b"two"]).call())
        await until_waiting(gate, 1)
        for task in (waiting, holder):
            task.cancel()
        await asyncio.gather(waiting, holder, return_exceptions=True)
        return await asked(gate, [b"three"]).call()

    assert asyncio.run(queue()) == 200
