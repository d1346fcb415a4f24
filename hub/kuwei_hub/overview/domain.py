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
from kuwei_hub.statistics.domain import MonthSum
from kuwei_hub.territory.domain import Jurisdiction, TreeRow
from kuwei_shared.kernel.pages import Page
from kuwei_shared.wire.statistics import Measure

FEN = Decimal(100)
ABSENT_AFTER = dt.timedelta(minutes=10)
ONE_STAGE = frozenset({Measure.PAYMENTS, Measure.AMOUNT_FEN, Measure.PAID_FEN})

Figures = dict[Measure, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The calendar year looked at, which is the fiscal year."""

    year: int

    @property
    def since(self) -> dt.date:
        """Its first day."""
        return dt.date(self.year, 1, 1)

    @property
    def months(self) -> list[dt.date]:
        """First days of its months."""
        return [dt.date(self.year, number, 1) for number in range(1, 13)]


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

    expected: int = 0
    active: int = 0
    suspended: int = 0
    present: int = 0
    current: int = 0


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
class Whole:
    """What everything looked at comes to, and how far its nodes are.

    Attributes:
        codes: of every jurisdiction in it.
    """

    codes: Sequence[str]
    tally: Tally
    nodes: Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One jurisdiction: its place, its node, its catalogue, its figures."""

    place: TreeRow
    node: NodeStanding | None
    rollout: RolloutRow | None
    sums: Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceSearch:
    """What the list of places asks for; None means any.

    Attributes:
        words: the beginning of a code, or part of a name.
        level: one level of government.
    """

    words: str | None = None
    level: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceFigures:
    """A year of one jurisdiction itself, those below it left out.

    Attributes:
        amount: yuan.
        coverage: screenings for a hundred payments at every stage; None without any.
        alert_rate: alerts for a hundred payments; None without any.
    """

    mof_div_code: str
    name: str
    level: str
    payments: int
    amount: Decimal
    screened: int
    coverage: Decimal | None
    alerts: int
    alert_rate: Decimal | None
    held: int
    rejected: int
    undetermined: int


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
        whole: everything from the start down, shown or not.
    """

    rows: Sequence[Standing]
    page: Page[Jurisdiction]
    whole: Whole

    @property
    def own(self) -> Whole:
        """What the first row comes to itself, without those below; no node counts."""
        first = self.rows[0]
        return Whole(
            codes=[first.place.jurisdiction.mof_div_code],
            tally=first.sums.own,
            nodes=Connection(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What the overview shows beside the tree.

    Attributes:
        monthly: by month and measure.
        rules: those that hit most, most first.
    """

    period: Period
    monthly: Mapping[dt.date, Figures]
    rules: Sequence[RuleHits]


def by_month(sums: Iterable[MonthSum]) -> dict[dt.date, Figures]:
    """Fold sums by month and stage into figures by month."""
    stages: dict[dt.date, list[Mapping[Measure, int]]] = defaultdict(list)
    for one in sums:
        stages[one.month].append(one.figures)
    return {
        month: {
            measure: _merged(measure, [one[measure] for one in found])
            for measure in found[0]
        }
        for month, found in stages.items()
    }


def _merged(measure: Measure, values: Sequence[int]) -> int:
    if measure not in ONE_STAGE:
        return sum(values)
    return max((value for value in values if value), default=0)
