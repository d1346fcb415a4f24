"""The line to the hub as values and ports; backoff and positions, no I/O."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from sqlalchemy.orm import Session

from kuwei_shared.kernel.clock import Clock
from kuwei_shared.trust.dsse import Signed
from kuwei_shared.wire.ingest import Ack
from kuwei_shared.wire.statistics import Family, Figure

PROTOCOL: Final = 1
STATS_STREAM: Final = "stats"
TUF_ROOT: Final = "tuf_root.json"
"""Identity file: first root of the release repository, pinned."""
RETAIN: Final = dt.timedelta(days=30)
UUID_VERSION_7: Final = 0x7 << 76
UUID_VARIANT: Final = 0x2 << 62

Uniform = Callable[[float, float], float]
"""Returns a number between two bounds; the source of jitter."""


class LinkState(StrEnum):
    """How the node stands with the hub; the last four wait for a person."""

    NEVER = "never"
    CONNECTED = "connected"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    SUSPENDED = "suspended"
    FORKED = "forked"
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who this node is; kept outside the database, which may be restored.

    Attributes:
        identity: SPIFFE identity, the sender of every envelope.
        epoch: grows when the database was restored; never falls.
        hub_key: the hub's 32-byte signing key, for receipts.
    """

    node_code: str
    identity: str
    epoch: int
    grpc_address: str
    hub_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HubHello:
    """The hub's answer to Hello."""

    epoch: int
    applied: Mapping[str, int]
    features: tuple[str, ...]
    spread_ms: int
    credits: int
    clock_skew_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """The hub's answer to a batch; receipts are not verified yet."""

    acks: Sequence[Ack]
    receipts: Sequence[Signed]
    credits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An envelope that waits in the outbox."""

    stream: str
    seq: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A jurisdiction's day whose figures may have changed."""

    mof_div_code: str
    business_day: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Rows of one day found behind a mark.

    Attributes:
        top: highest sequence number among them.
        rows: how many there are, ``settled`` of them up to the mark's ``pending``.
    """

    day: Day
    top: int
    rows: int
    settled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far a source was counted.

    A sequence number is drawn before its transaction commits, so a lower one may
    appear after a higher one was read (kamu-cli#1398). Hence three steps: see
    ``pending``; one pass later note the newest transaction; and only when all up
    to that one have ended does ``upto`` move there.

    Attributes:
        pending_rows: rows between ``upto`` and ``pending`` at the last pass.
    """

    source: str
    upto: int = 0
    pending: int | None = None
    pending_rows: int = 0
    newest: int | None = None


class Hub(Protocol):
    """The hub as the node calls it; every method raises KuweiError."""

    def hello(self, epoch: int, positions: Mapping[str, int]) -> HubHello:
        """Open a session."""
        ...

    def heartbeat(self, queue_depth: int) -> None:
        """Say "alive"."""
        ...

    def wait(self, known: Mapping[str, int], wait_ms: int) -> Mapping[str, int]:
        """Wait for bulletins newer than those known."""
        ...

    def submit(self, batch: Sequence[Signed]) -> Submitted:
        """Hand in signed envelopes of one stream, in order."""
        ...


class Measures(Protocol):
    """Counts what screening did; the only way figures are made."""

    def of_day(self, session: Session, day: Day) -> Mapping[Family, tuple[Figure, ...]]:
        """Return a day's figures by family, in a fixed order."""
        ...

    @property
    def sources(self) -> Sequence[str]:
        """Names of the records figures are counted from."""
        ...

    def seen(self, session: Session, mark: Mark) -> Sequence[Seen]:
        """Return what a source holds behind a mark, by day."""
        ...


class Backoff:
    """Decorrelated jitter: waits grow, and no two nodes return together.

    After AWS's "Exponential Backoff And Jitter": U(shortest, 3 × the last wait).
    """

    def __init__(
        self, *, shortest_s: float, longest_s: float, uniform: Uniform
    ) -> None:
        self._shortest, self._longest = shortest_s, longest_s
        self._uniform = uniform
        self._last = shortest_s

    def failed(self, at_least_s: float = 0.0) -> float:
        """Return how many seconds to wait after one more failure."""
        wait = self.bounded(self._uniform(self._shortest, self._last * 3))
        self._last = max(wait, self._shortest)
        return max(wait, self.bounded(at_least_s))

    def bounded(self, asked_s: float) -> float:
        """Return a wait no longer than the longest, whoever asks for it."""
        return min(self._longest, asked_s)

    def succeeded(self) -> None:
        """Begin again from the shortest wait."""
        self._last = self._shortest


class Patience:
    """Which streams the hub put off, and until when; each waits for itself alone.

    Invariant: no stream waits longer than its backoff's longest, whatever the hub
    asks and however the machine's clock is set meanwhile (wire.md b.3).
    """

    def __init__(self, clock: Clock, backoff: Callable[[], Backoff]) -> None:
        self._clock = clock
        self._make = backoff
        self._backoffs: dict[str, Backoff] = {}
        self._pauses: dict[str, tuple[dt.datetime, dt.timedelta]] = {}

    def put_off(self, stream: str, asked_s: float) -> float:
        """Leave a stream alone for a while; return how many seconds."""
        backoff = self._backoffs.setdefault(stream, self._make())
        wait = backoff.failed(asked_s)
        self._pauses[stream] = (self._clock.now(), dt.timedelta(seconds=wait))
        return wait

    def is_over(self, stream: str) -> bool:
        """Whether a stream may be sent."""
        if stream not in self._pauses:
            return True
        begun, wait = self._pauses[stream]
        # A clock set back would otherwise make the pause longer.
        return not dt.timedelta(0) <= self._clock.now() - begun < wait

    def went_on(self, stream: str) -> None:
        """Begin again from the shortest wait: the hub took from the stream."""
        self._pauses.pop(stream, None)
        self._backoffs.pop(stream, None)


def step(
    mark: Mark, seen: Sequence[Seen], *, oldest: int, newest: int
) -> tuple[list[Day], Mark]:
    """Return the days to count again, and where the next pass begins.

    Args:
        mark: where this pass began.
        seen: everything behind it.
        oldest: oldest transaction running before ``seen`` was read.
        newest: first transaction not yet begun after it was read.
    """
    if mark.pending is None:
        top = max((one.top for one in seen), default=None)
        rows = sum(one.rows for one in seen)
        return [one.day for one in seen], replace(mark, pending=top, pending_rows=rows)
    settled = sum(one.settled for one in seen)
    came_late = settled != mark.pending_rows
    days = [one.day for one in seen if came_late or one.top > mark.pending]
    if mark.newest is None:
        return days, replace(mark, pending_rows=settled, newest=newest)
    if oldest < mark.newest:
        return days, replace(mark, pending_rows=settled)
    return days, Mark(source=mark.source, upto=mark.pending)


def is_behind(own: Mapping[str, int], applied: Mapping[str, int]) -> bool:
    """Whether the hub holds more than this node ever sent: it was restored."""
    return any(seq > own.get(stream, 0) for stream, seq in applied.items())


def message_id(now: dt.datetime, chance: bytes) -> bytes:
    """Return a UUIDv7 (RFC 9562 §5.7).

    Args:
        now: its time.
        chance: ten random bytes.
    """
    stamp = int(now.timestamp() * 1000) << 80
    noise = int.from_bytes(chance, "big")
    mask = (0xF << 76) | (0x3 << 62)
    number = stamp | (noise & ~mask & (1 << 80) - 1) | UUID_VERSION_7 | UUID_VARIANT
    return number.to_bytes(16, "big")
