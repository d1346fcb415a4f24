"""Time in tests: how long to wait for what must happen, and which day it is.

A wait ends when its condition is met; the bound only ends a test that hangs, so it
is long enough for a machine that was paused. Sites stand on one day of their own:
what a test proves does not depend on when it runs, nor on midnight.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable

from kuwei_shared.db.engine import PoolLimits
from kuwei_shared.kernel.clock import SetClock

PATIENCE_S = 300.0
LOOK_S = 0.02
# Who waits in a long row for a lock, or was paused while it held one, is not
# turned away.
UNHURRIED = PoolLimits(
    size=24,
    wait_s=PATIENCE_S,
    lock_timeout_ms=int(PATIENCE_S * 1000),
    statement_timeout_ms=int(PATIENCE_S * 1000),
    idle_timeout_ms=int(PATIENCE_S * 1000),
)
TODAY = dt.datetime(2026, 11, 20, 2, 0, tzinfo=dt.UTC)


def working_day() -> SetClock:
    """Return a clock that stands at ten in the morning of a working day."""
    return SetClock(TODAY)


def wait_until(is_so: Callable[[], object], what: str) -> None:
    """Wait until something is so; fail, naming it, when it never is."""
    limit, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not is_so():
        assert time.monotonic() < limit, what
        pause.wait(LOOK_S)


def await_threads(name: str) -> None:
    """Wait until no thread of a name works any more, so that the next test is alone."""
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), name
