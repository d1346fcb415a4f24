"""The picture of a part of the fiscal tree over a period, from absolute figures.

A payment is screened at several stages (request, voucher, receipt). Screenings
add up over stages; payments and money do not, so they are taken from the stage
that saw most of them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kuwei_hub.distribution.domain import RolloutRow
from kuwei_hub.fleet.domain import NodeState
from kuwei_hub.statistics.domain import Sum, Total
from kuwei_hub.territory.domain import Jurisdiction, TreeRow
from kuwei_shared.kernel.pages import Page
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
        """Whether it is in use and called lately."""
        seen = self.last_seen_at
        is_late = seen is None or now - seen >= ABSENT_AFTER
        return self.state == NodeState.ACTIVE and not is_late


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How many nodes there shall be, and how far they are.

    Attributes:
        expected: jurisdictions that shall have a node of their own.
        active: nodes that have joined.
        suspended: nodes a person shut out.
        present: nodes in use that called lately.
        current: nodes that run the release they were assigned.
    """

    expected: int
    active: int
    suspended: int
    present: int
    current: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What some jurisdictions come to.

    Attributes:
        figures: by the rule that fits each measure.
        entries: payments at every stage; what screenings are measured against.
    """

    figures: Figures
    entries: int

    @property
    def amount(self) -> Decimal:
        """Money screened, in yuan."""
        return self.figures.get(Measure.AMOUNT_FEN, 0) / FEN

    def count(self, measure: str) -> int:
        """Return one figure by measure name, 0 when none was sent."""
        return self.figures.get(Measure(measure), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """A jurisdiction itself, and with everything visible below it.

    Attributes:
        nodes: of the whole.
    """

    own: Tally
    whole: Tally
    nodes: Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One jurisdiction: its place, its node, its catalogue, its figures."""

    place: TreeRow
    node: NodeStanding | None
    rollout: RolloutRow | None
    sums: Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleHits:
    """How often a rule hit."""

    rule_id: str
    title: str
    hits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The rows of the tree that are shown, with how each one stands.

    Attributes:
        rows: parents first.
        page: which page of the first level this is.
    """

    rows: Sequence[Standing]
    page: Page[Jurisdiction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything the overview shows beside the tree.

    Attributes:
        monthly: by month and measure.
        rules: those that hit most, most first.
    """

    period: Period
    connection: Connection
    tally: Tally
    monthly: dict[str, Figures]
    rules: Sequence[RuleHits]


def connection(
    codes: Iterable[str],
    nodes: Mapping[str, NodeStanding],
    rollouts: Mapping[str, RolloutRow],
    now: dt.datetime,
) -> Connection:
    """Count how far the nodes of some jurisdictions are."""
    expected = set(codes)
    known = [node for code, node in nodes.items() if code in expected]
    return Connection(
        expected=len(expected),
        active=sum(node.state == NodeState.ACTIVE for node in known),
        suspended=sum(node.state == NodeState.SUSPENDED for node in known),
        present=sum(node.is_present(now) for node in known),
        current=sum(is_current(rollouts.get(code)) for code in expected),
    )


def is_current(rollout: RolloutRow | None) -> bool:
    """Whether a node runs the release it was assigned."""
    return rollout is not None and rollout.state == AdoptionState.ACTIVE


def tallied(totals: Iterable[Total]) -> Tally:
    """Return each measure's total by the rule that fits it."""
    known = {one.measure: one for one in totals}
    entries = known.get(Measure.PAYMENTS)
    return Tally(
        figures={
            measure: one.at_one_stage if measure in ONE_STAGE else one.over_stages
            for measure, one in known.items()
        },
        entries=0 if entries is None else entries.over_stages,
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
