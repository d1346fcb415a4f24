"""The uplink process: its threads greet, record, send, beat and listen.

No error ends a thread: each is logged and waited out, for a line that went silent
unseen is worse than one that fails aloud.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from kuwei_node.uplink.domain import Backoff, LinkState
from kuwei_node.uplink.tasks.line import FAULT, Uplink
from kuwei_shared.kernel.errors import Kind, KuweiError

OnNews = Callable[[Mapping[str, int], int], None]
"""Called with new bulletins and the milliseconds to spread a fetch over."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often things are done, in seconds (``wait_ms`` in milliseconds)."""

    send_every_s: float
    heartbeat_s: float
    wait_ms: int


class Process:
    """Runs an uplink until it is told to stop: one thread sends, one listens."""

    def __init__(
        self,
        uplink: Uplink,
        *,
        rhythm: Rhythm,
        backoffs: tuple[Backoff, Backoff],
        on_news: OnNews,
    ) -> None:
        self._uplink = uplink
        self._rhythm = rhythm
        self._sending, self._listening = backoffs
        self._on_news = on_news
        self._spread_ms = 0
        self._greeting = threading.Lock()

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set."""
        beat = threading.Thread(target=self._beat, args=(stop,), name="uplink-beat")
        listener = threading.Thread(
            target=self._listen, args=(stop,), name="uplink-listen", daemon=True
        )
        beat.start()
        listener.start()
        while not stop.is_set():
            stop.wait(self._step(self._send_once, self._sending, stop))
        beat.join()

    def _send_once(self) -> float:
        self._ensure_greeted()
        self._uplink.record()
        self._uplink.send()
        return self._rhythm.send_every_s

    def _listen(self, stop: threading.Event) -> None:
        while not stop.is_set():
            stop.wait(self._step(self._listen_once, self._listening, stop))

    def _listen_once(self) -> float:
        self._ensure_greeted()
        news = self._uplink.listen(self._rhythm.wait_ms)
        if news:
            self._on_news(news, self._spread_ms)
        return 0.0

    def _beat(self, stop: threading.Event) -> None:
        while not stop.wait(self._rhythm.heartbeat_s):
            try:
                if self._uplink.has_greeted:
                    self._uplink.pulse()
            except Exception as error:  # noqa: BLE001  # the edge of a thread
                log.warning("heartbeat_failed", code=refusal(error).code)

    def _ensure_greeted(self) -> None:
        with self._greeting:
            if not self._uplink.has_greeted:
                self._spread_ms = self._uplink.greet().spread_ms

    def _step(
        self, work: Callable[[], float], backoff: Backoff, stop: threading.Event
    ) -> float:
        """Do one piece of work; return the seconds to wait before the next."""
        try:
            pause = work()
        except Exception as error:  # noqa: BLE001  # the edge of a thread
            if stop.is_set():
                return 0.0
            found = refusal(error)
            wait = backoff.failed(float(found.retry_after_s or 0))
            state = self._note(found)
            log.warning(
                "uplink_failed",
                code=found.code,
                reason=found.message,
                state=state,
                wait_s=round(wait, 1),
            )
            return wait
        backoff.succeeded()
        return pause

    def _note(self, error: KuweiError) -> str:
        try:
            return self._uplink.failed(error)
        # The database itself is away or at odds; the log line must do.
        except Exception as away:  # noqa: BLE001  # the edge of a thread
            log.warning("uplink_unnoted", code=refusal(away).code)
            return LinkState.FAULTY


def refusal(error: Exception) -> KuweiError:
    """Return an error as one with a code; a fault of this node is logged in full."""
    if isinstance(error, KuweiError):
        return error
    log.error("uplink_fault", exc_info=error)
    return KuweiError(
        FAULT,
        "本节点上报程序遇到意外错误,并非省级不通;程序会自动重试。"
        "请系统管理员看上报进程(kuwei-node uplink)日志中的 uplink_fault 一条。",
        kind=Kind.UNAVAILABLE,
    )
