"""Shedding: beyond capacity a request is refused soon, with a time to retry.

A queue that grows hides overload until everything times out. At most
``in_flight_max`` screening requests are inside a process, fewer than it has
threads and connections, so that health, pages and hold decisions stay served. A few
more wait their turn for a moment: done one after the other, a burst is over sooner
than all at once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from kuwei_shared.kernel.errors import Kind, KuweiError


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityLimits:
    """How many screening requests a process takes on, and when to come back.

    Attributes:
        waiting_max: how many more may wait for their turn.
        wait_s: how long they may.
        body_max: bytes of one request; a thousand full payments are about half.
        body_wait_s: within which a request must have arrived whole.
    """

    in_flight_max: int = 4
    waiting_max: int = 32
    wait_s: float = 1.0
    retry_after_s: int = 1
    body_max: int = 8 * 1024 * 1024
    body_wait_s: float = 5.0


class Capacity:
    """The count of screening requests inside one process.

    Touched by the event loop's thread alone, so a plain number suffices.
    """

    def __init__(self, limits: CapacityLimits) -> None:
        self.limits = limits
        self.in_flight = self.waiting = 0
        self._places = asyncio.Semaphore(limits.in_flight_max)

    async def enter(self) -> None:
        """Take a place, first come, first served.

        Raises:
            KuweiError: ``capacity.full`` when every place is taken, and stays so.
        """
        if self._places.locked() and self.waiting >= self.limits.waiting_max:
            raise self._full()
        self.waiting += 1
        try:
            async with asyncio.timeout(self.limits.wait_s):
                await self._places.acquire()
        except TimeoutError:
            raise self._full() from None
        finally:
            self.waiting -= 1
        self.in_flight += 1

    def leave(self) -> None:
        """Give the place back."""
        self.in_flight -= 1
        self._places.release()

    def _full(self) -> KuweiError:
        return KuweiError(
            "capacity.full",
            f"审核能力已满,支付未受理,请在 {self.limits.retry_after_s} 秒后重试。",
            kind=Kind.LIMITED,
            retry_after_s=self.limits.retry_after_s,
        )

    def require_small(self, size: int) -> None:
        """Refuse a request that is larger than any honest one.

        Raises:
            KuweiError: ``capacity.too_large``.
        """
        if size > self.limits.body_max:
            raise KuweiError(
                "capacity.too_large",
                f"请求正文超过 {self.limits.body_max // 1024**2} MiB,请分批提交。",
            )

    def trickled(self) -> KuweiError:
        """Return the refusal of a request that did not arrive in time."""
        return KuweiError(
            "capacity.trickled",
            f"请求正文未在 {self.limits.body_wait_s:g} 秒内收全,请检查网络后重试。",
        )
