from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rpc.bridge import Bridge

WHO: ContextVar[str] = ContextVar("who")


def test_beyond_its_bound_a_call_is_refused_at_once_with_a_time_to_retry() -> None:
    bridge, gate = Bridge(threads=1, waiting_max=1), threading.Event()

    async def crowd() -> KuweiError:
        held = [asyncio.create_task(bridge.run(gate.wait, 10)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(KuweiError) as caught:
            await bridge.run(gate.wait, 10)
        gate.set()
        await asyncio.gather(*held)
        return caught.value

    refusal = asyncio.run(crowd())
    bridge.close()

    assert (refusal.code, refusal.retry_after_s) == ("rpc.busy", 2)
    assert bridge.inside == 0


def test_a_caller_who_gives_up_does_not_free_the_thread_it_still_uses() -> None:
    bridge, gate = Bridge(threads=1, waiting_max=0), threading.Event()

    async def give_up() -> int:
        task = asyncio.create_task(bridge.run(gate.wait, 10))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return bridge.inside

    inside = asyncio.run(give_up())
    gate.set()
    bridge.close()

    assert inside == 1


def test_a_call_sees_the_peer_of_its_caller() -> None:
    bridge = Bridge(threads=1, waiting_max=0)

    async def ask() -> str:
        WHO.set("450102000")
        return await bridge.run(WHO.get)

    assert asyncio.run(ask()) == "450102000"
    bridge.close()
