from __future__ import annotations

import threading
from dataclasses import dataclass, field

import psycopg2.errors
import pytest
from pace import PATIENCE_S

from kuwei_node.catalogue.tasks import AdoptionLoop
from kuwei_shared.kernel.errors import Kind, KuweiError

AWAY = KuweiError("release.unreachable", "不通", kind=Kind.UNAVAILABLE)


@dataclass
class Look:
    """Fulfils the task's port: fails as often as told, then counts."""

    fails: int = 0
    error: Exception = AWAY
    looks: list[str] = field(default_factory=list)
    seen: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def run(self) -> None:
        self.looks.append("look")
        self.seen.release()
        if len(self.looks) <= self.fails:
            raise self.error


def loop_of(look: Look) -> AdoptionLoop:
    return AdoptionLoop(look, every_s=600, uniform=max)


def test_a_hint_makes_it_look_again() -> None:
    look = Look()
    loop = loop_of(look)
    thread = threading.Thread(target=loop.run)
    thread.start()
    assert look.seen.acquire(timeout=PATIENCE_S)

    loop.hint({"assignment": 2}, spread_ms=0)

    assert look.seen.acquire(timeout=PATIENCE_S)
    loop.stop()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_news_of_other_things_does_not() -> None:
    loop = loop_of(Look())

    loop.hint({"denylist": 9}, spread_ms=0)

    assert not loop._woken.is_set()


@pytest.mark.parametrize(("failures", "pause"), [(1, 4.0), (3, 16.0), (20, 600.0)])
def test_failures_make_it_wait_longer_and_longer(failures: int, pause: float) -> None:
    loop = loop_of(Look(fails=failures))

    waits = [loop.once() for _ in range(failures)]

    assert waits[-1] == pause
    assert loop.once() == 600


def test_a_fault_nobody_foresaw_is_waited_out_too() -> None:
    loop = loop_of(Look(fails=1, error=psycopg2.errors.SyntaxError("at or near")))

    assert [loop.once(), loop.once()] == [4, 600]
