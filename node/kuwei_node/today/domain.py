"""The picture of a bureau's latest days.

A payment is screened at several stages. Screenings add up over stages; payments
and money do not, so they are taken from the stage that saw most of them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kuwei_node.brake.domain import OpenTrip
from kuwei_node.catalogue.domain import Status
from kuwei_node.uplink.domain import LinkState

TREND_DAYS = 30
SPANS: dict[int, str] = {1: "当日", 7: "近 7 日", 30: "近 30 日"}
SEVERITIES = ("grey", "red", "orange", "yellow")
LINKS: Mapping[LinkState, str] = {
    LinkState.NEVER: "尚未联络",
    LinkState.CONNECTED: "连接正常",
    LinkState.UNREACHABLE: "无法连接",
    LinkState.REFUSED: "省级拒绝接入",
    LinkState.SUSPENDED: "已被省级停用",
    LinkState.FORKED: "历史不一致 · 已停止上报",
    LinkState.FAULTY: "上报程序故障 · 请看日志",
}

NEEDS_PERSON = frozenset(
    {LinkState.REFUSED, LinkState.SUSPENDED, LinkState.FORKED, LinkState.FAULTY}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days looked at, both included; the last one is the latest with payments."""

    since: dt.date
    until: dt.date

    @classmethod
    def ending(cls, until: dt.date, days: int) -> Span:
        """Return this many days up to a day."""
        return cls(since=until - dt.timedelta(days=days - 1), until=until)

    @property
    def days(self) -> list[dt.date]:
        """Every day."""
        count = (self.until - self.since).days + 1
        return [self.since + dt.timedelta(days=n) for n in range(count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySums:
    """What one stage of one day came to."""

    day: dt.date
    stage: str
    screened: int
    held: int
    rejected: int
    hit: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """How many payments one rule concerns.

    Attributes:
        alerts: of a rule that runs by the calendar, which concerns no payment alone.
    """

    rule_id: str
    title: str
    payments: int = 0
    alerts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestAlert:
    """An alert, shortly."""

    id: int
    rule_id: str
    severity: str
    agency_name: str | None
    amount: Decimal | None
    day: dt.date
    raised_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How the node stands with the province."""

    state: LinkState
    message: str | None
    heard_at: dt.datetime | None

    @property
    def title(self) -> str:
        """The state in words."""
        return LINKS[self.state]

    @property
    def is_good(self) -> bool:
        """Whether the province answers."""
        return self.state is LinkState.CONNECTED

    @property
    def needs_person(self) -> bool:
        """Whether waiting will not mend it."""
        return self.state in NEEDS_PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything the first page shows.

    Attributes:
        span: days the figures are of.
        sums: per day and stage of the trend's days.
        alerts: day and severity → alerts, of the trend's days.
        waiting: held payments that wait, and since when the oldest does.
        hits: rules with most hits in the span.
        undetermined: rules that could not be computed most in the span.
    """

    span: Span
    trend: Span
    sums: Sequence[DaySums]
    alerts: Mapping[tuple[dt.date, str], int]
    waiting: int
    oldest: dt.datetime | None
    hits: Sequence[RuleCount]
    undetermined: Sequence[RuleCount]
    latest: Sequence[LatestAlert]
    trips: Sequence[OpenTrip]
    titles: Mapping[str, str]
    catalogue: Status
    link: Link | None

    def total(self, name: str) -> int:
        """Return a sum of DaySums over the span by name."""
        return sum(getattr(one, name) for one in self._in_span())

    @property
    def payments(self) -> int:
        """How many payments the span saw, each once."""
        return _fullest(self._in_span()).screened

    @property
    def amount(self) -> Decimal:
        """Money of the span, in yuan, each payment once."""
        return _fullest(self._in_span()).amount

    def alerted(self, severity: str) -> int:
        """Return the span's alerts of a severity."""
        return sum(self.alerts.get((day, severity), 0) for day in self.span.days)

    @property
    def all_alerts(self) -> int:
        """How many alerts the span raised."""
        return sum(self.alerted(severity) for severity in SEVERITIES)

    def daily(self, name: str) -> list[int]:
        """Return a count of DaySums day by day over the trend."""
        found: dict[dt.date, int] = defaultdict(int)
        for one in self.sums:
            found[one.day] += getattr(one, name)
        return [found[day] for day in self.trend.days]

    def daily_amount(self) -> list[Decimal]:
        """Return the money of each day of the trend, each payment once."""
        found: dict[dt.date, list[DaySums]] = defaultdict(list)
        for one in self.sums:
            found[one.day].append(one)
        return [_fullest(found[day]).amount for day in self.trend.days]

    def daily_alerts(self, severity: str) -> list[int]:
        """Return the alerts of a severity day by day over the trend."""
        return [self.alerts.get((day, severity), 0) for day in self.trend.days]

    def _in_span(self) -> list[DaySums]:
        return [s for s in self.sums if self.span.since <= s.day <= self.span.until]


@dataclass(frozen=True, slots=True, kw_only=True)
class _StageSums:
    screened: int = 0
    amount: Decimal = Decimal(0)


def _fullest(sums: Iterable[DaySums]) -> _StageSums:
    """Return what the stage that screened most came to, the dearer of equal ones."""
    found: dict[str, _StageSums] = defaultdict(_StageSums)
    for one in sums:
        so_far = found[one.stage]
        found[one.stage] = _StageSums(
            screened=so_far.screened + one.screened,
            amount=so_far.amount + one.amount,
        )
    ranked = found.values()
    return max(ranked, key=lambda s: (s.screened, s.amount), default=_StageSums())
