"""The picture of a part of the fiscal tree over a period, from absolute figures.

A payment is screened at several stages (request, voucher, receipt). Screenings
add up over stages; payments and money do not, so they are taken from the stage
that saw most of them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kuwei_hub.distribution.domain import RolloutRow
from kuwei_hub.fleet.domain import NodeState
from kuwei_hub.statistics.domain import Sum
from kuwei_hub.territory.domain import TreeRow
from kuwei_shared.releases.adoption import AdoptionState
from kuwei_shared.wire.statistics import Measure

FEN = Decimal(100)
ABSENT_AFTER = dt.timedelta(minutes=10)
ONE_STAGE = frozenset({Measure.PAYMENTS, Measure.AMOUNT_FEN, Measure.PAID_FEN})

Figures = dict[Measure, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days looked at, both included."""

    since: dt.date
    until: dt.date

    @property
    def months(self) -> list[str]:
        """Every month touched, as ``2026-03``."""
        first = self.since.year * 12 + self.since.month - 1
        last = self.until.year * 12 + self.until.month - 1
        return [f"{n // 12}-{n % 12 + 1:02}" for n in range(first, last + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStanding:
    """How a node stands with the hub."""

    state: NodeState
    last_seen_at: dt.datetime | None
    agent_version: str | None
    queue_depth: int | None

    def is_present(self, now: dt.datetime) -> bool:
        """Whether it called lately."""
        seen = self.last_seen_at
        return seen is not None and now - seen < ABSENT_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One jurisdiction: its place, its node, its catalogue, its figures."""

    place: TreeRow
    node: NodeStanding | None
    rollout: RolloutRow | None
    figures: Figures

    @property
    def amount(self) -> Decimal:
        """Money screened, in yuan."""
        return self.figures.get(Measure.AMOUNT_FEN, 0) / FEN

    def count(self, measure: str) -> int:
        """Return one figure by measure name, 0 when none was sent."""
        return self.figures.get(Measure(measure), 0)

    @property
    def is_current(self) -> bool:
        """Whether the node runs the release it was assigned."""
        rollout = self.rollout
        return rollout is not None and rollout.state == AdoptionState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleHits:
    """How often a rule hit."""

    rule_id: str
    title: str
    hits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything the overview shows.

    Attributes:
        standings: the visible tree, parents first.
        monthly: by month and measure.
        rules: those that hit most, most first.
    """

    period: Period
    standings: Sequence[Standing]
    totals: Figures
    monthly: dict[str, Figures]
    rules: Sequence[RuleHits]

    @property
    def amount(self) -> Decimal:
        """Money screened, in yuan."""
        return self.totals.get(Measure.AMOUNT_FEN, 0) / FEN

    def total(self, measure: str) -> int:
        """Return one total by measure name."""
        return self.totals.get(Measure(measure), 0)

    @property
    def with_node(self) -> list[Standing]:
        """Jurisdictions that shall have a node of their own."""
        own = (s for s in self.standings if s.place.jurisdiction.host is None)
        return list(own)

    @property
    def active(self) -> int:
        """How many nodes have joined."""
        return sum(
            s.node is not None and s.node.state == NodeState.ACTIVE
            for s in self.with_node
        )

    @property
    def current(self) -> int:
        """How many nodes run the release they were assigned."""
        return sum(s.is_current for s in self.with_node)

    def present(self, now: dt.datetime) -> int:
        """How many nodes called lately."""
        return sum(
            s.node is not None and s.node.is_present(now) for s in self.with_node
        )


def folded(sums: Iterable[Sum]) -> dict[str, Figures]:
    """Fold sums keyed (thing, measure, stage) into figures by thing."""
    by_stage: dict[tuple[str, Measure], list[int]] = defaultdict(list)
    for one in sums:
        thing, measure, _stage = one.key
        by_stage[str(thing), Measure(str(measure))].append(one.value)
    found: dict[str, Figures] = defaultdict(dict)
    for (thing, measure), values in by_stage.items():
        merge = max if measure in ONE_STAGE else sum
        found[thing][measure] = merge(values)
    return dict(found)


def by_month(sums: Iterable[Sum]) -> list[Sum]:
    """Turn sums keyed (day, measure, stage) into sums keyed by month."""
    months: dict[tuple[str | dt.date | None, ...], int] = defaultdict(int)
    for one in sums:
        day, *rest = one.key
        months[str(day)[:7], *rest] += one.value
    return [Sum(key=key, value=value) for key, value in months.items()]


def added(parts: Iterable[Figures]) -> Figures:
    """Add figures of several jurisdictions."""
    total: Figures = defaultdict(int)
    for part in parts:
        for measure, value in part.items():
            total[measure] += value
    return dict(total)
