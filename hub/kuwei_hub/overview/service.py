"""Putting the picture together from the features that own its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kuwei_hub.catalogue.service import Rulebook
from kuwei_hub.distribution.domain import RolloutRow
from kuwei_hub.distribution.service.ledger import Ledger
from kuwei_hub.fleet.domain import NodeState, Suspension
from kuwei_hub.fleet.service.company import Company
from kuwei_hub.fleet.service.suspension import Suspensions
from kuwei_hub.overview import store
from kuwei_hub.overview.domain import (
    NodeStanding,
    Period,
    Picture,
    PlaceFigures,
    PlaceSearch,
    RuleHits,
    Standing,
    Sums,
    Tree,
    by_month,
)
from kuwei_hub.statistics.service.reading import Reading
from kuwei_hub.territory.domain import TreeRow, Unfolding
from kuwei_hub.territory.service import Territory
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.clock import Clock, business_date
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.wire.statistics import Measure

RULES_SHOWN = 8
MONTHLY = (
    Measure.SCREENED,
    Measure.AMOUNT_FEN,
    Measure.ALERTS,
    Measure.HELD,
    Measure.REJECTED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The province as a caller may see it."""

    clock: Clock
    territory: Territory
    company: Company
    suspensions: Suspensions
    ledger: Ledger
    reading: Reading
    rulebook: Rulebook

    def period(self, session: Session, scope: VisibleJurisdictions) -> Period:
        """Return the latest calendar year that has figures, this year if none."""
        today = business_date(self.clock)
        latest = self.reading.latest(session, scope, today)
        return Period(year=(latest or today).year)

    def suspension(
        self, session: Session, scope: VisibleJurisdictions, code: str
    ) -> Suspension | None:
        """Return why a jurisdiction's node is out; None for one that is not."""
        return self.suspensions.of_node(session, scope, code)

    def tree(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        period: Period,
        wanted: Unfolding,
    ) -> Tree:
        """Return the wanted rows of the tree with their figures.

        Args:
            session: the open transaction.
            scope: the caller's jurisdictions.
            period: months looked at.
            wanted: where to start, and what is opened.
        """
        outline = self.territory.outline(session, scope, wanted)
        places = [row.jurisdiction for row in outline.rows]
        homes = sorted({one.host or one.mof_div_code for one in places})
        nodes = self._nodes(session, scope, homes)
        rollouts = self.ledger.standing(session, scope, homes)
        sums, whole = store.sums(
            session,
            scope,
            [one.mof_div_code for one in places],
            everything=outline.whole,
            period=period,
            now=self.clock.now(),
        )
        rows = [
            _standing(row, nodes=nodes, rollouts=rollouts, sums=sums)
            for row in outline.rows
        ]
        return Tree(rows=rows, page=outline.page, whole=whole)

    def places(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        period: Period,
        search: PlaceSearch,
        request: PageRequest,
    ) -> Page[PlaceFigures]:
        """Return jurisdictions with a year of their own figures, in any order."""
        return store.places(session, scope, period, search, request)

    def picture(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        period: Period,
        codes: Sequence[str],
    ) -> Picture:
        """Return the charts of some jurisdictions.

        Args:
            session: the open transaction.
            scope: the caller's jurisdictions.
            period: months looked at.
            codes: of what the tree is about, shown or not.
        """
        sums = self.reading.sums(session, scope, period.months, codes, measures=MONTHLY)
        return Picture(
            period=period,
            monthly=by_month(sums),
            rules=self._rules(session, scope, period, codes),
        )

    def _nodes(
        self, session: Session, scope: VisibleJurisdictions, codes: Sequence[str]
    ) -> dict[str, NodeStanding]:
        return {
            row.mof_div_code: NodeStanding(
                state=NodeState(row.state),
                last_seen_at=row.last_seen_at,
                agent_version=row.agent_version,
                queue_depth=row.queue_depth,
            )
            for row in self.company.named(session, scope, codes)
        }

    def _rules(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        period: Period,
        codes: Sequence[str],
    ) -> list[RuleHits]:
        most = self.reading.rules_hit_most(
            session, scope, period.since, codes, most=RULES_SHOWN
        )
        titles = self.rulebook.titles(session, [one.of for one in most])
        return [
            RuleHits(rule_id=one.of, title=titles.get(one.of, ""), hits=one.count)
            for one in most
        ]


def _standing(
    place: TreeRow,
    *,
    nodes: Mapping[str, NodeStanding],
    rollouts: Mapping[str, RolloutRow],
    sums: Mapping[str, Sums],
) -> Standing:
    code = place.jurisdiction.mof_div_code
    node_code = place.jurisdiction.host or code
    return Standing(
        place=place,
        node=nodes.get(node_code),
        rollout=rollouts.get(node_code),
        sums=sums[code],
    )
