"""From the event loop to the database: a bounded pool of threads.

One blocking call in the loop would stall every node's long poll, so every service
call runs here; beyond the bound a call is refused at once with a time to retry.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from kuwei_shared.kernel.errors import Kind, KuweiError

RETRY_S = 2

P = ParamSpec("P")
T = TypeVar("T")


class Bridge:
    """Runs blocking calls for an event loop.

    Attributes:
        waiting_max: calls running or queued beyond which new ones are refused.
    """

    def __init__(self, *, threads: int, waiting_max: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="database")
        self._counting = threading.Lock()
        self._inside = 0
        self.waiting_max = threads + waiting_max

    async def run(
        self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a blocking call in a thread and await its value.

        Raises:
            KuweiError: ``rpc.busy`` when too many calls wait.
        """
        if self._inside >= self.waiting_max:
            raise KuweiError(
                "rpc.busy",
                "请求过多,请稍后重试。",
                kind=Kind.LIMITED,
                retry_after_s=RETRY_S,
            )
        context = contextvars.copy_context()
        work = functools.partial(context.run, call, *args, **kwargs)
        with self._counting:
            self._inside += 1
        running = self._pool.submit(work)
        running.add_done_callback(self._leave)
        return await asyncio.wrap_future(running)

    @property
    def inside(self) -> int:
        """Calls running or queued now."""
        return self._inside

    def close(self) -> None:
        """Let running calls end and take no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _leave(self, running: Future[T]) -> None:
        # Counts when the thread is done, not when the caller gave up waiting.
        del running
        with self._counting:
            self._inside -= 1
