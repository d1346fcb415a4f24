"""Putting the picture together from the features that own its parts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kuwei_hub.catalogue.domain import RuleSearch
from kuwei_hub.catalogue.service import Rulebook
from kuwei_hub.distribution.domain import RolloutRow
from kuwei_hub.distribution.service.ledger import Ledger
from kuwei_hub.fleet.domain import NodeState, Suspension
from kuwei_hub.fleet.service.company import Company
from kuwei_hub.fleet.service.suspension import Suspensions
from kuwei_hub.overview import store
from kuwei_hub.overview.domain import (
    Figures,
    NodeStanding,
    Period,
    Picture,
    RuleHits,
    Standing,
    Sums,
    Tree,
    by_month,
    connection,
    folded,
    tallied,
)
from kuwei_hub.statistics.domain import By, Question
from kuwei_hub.statistics.service.reading import DAYS_MAX, Reading
from kuwei_hub.territory.domain import TreeRow, Unfolding
from kuwei_hub.territory.service import Territory
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.clock import Clock, business_date
from kuwei_shared.kernel.pages import PAGE_SIZE_MAX, PageRequest
from kuwei_shared.wire.statistics import Measure

RULES_SHOWN = 8
PAGES_MAX = 10
SHOWN = (
    Measure.PAYMENTS,
    Measure.AMOUNT_FEN,
    Measure.SCREENED,
    Measure.ALERTS,
    Measure.HELD,
    Measure.REJECTED,
    Measure.UNDETERMINED,
)
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
        known = Question(
            since=today - dt.timedelta(days=DAYS_MAX),
            until=today,
            measures=(Measure.SCREENED,),
        )
        sums = self.reading.sums(session, scope, known, (By.DAY,))
        days = [str(one.key[0]) for one in sums]
        year = int(max(days)[:4]) if days else today.year
        return year_of(year)

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
            period: days looked at.
            wanted: where to start, and what is opened.
        """
        outline = self.territory.outline(session, scope, wanted)
        places = [row.jurisdiction for row in outline.rows]
        homes = {one.host or one.mof_div_code for one in places}
        nodes = self._nodes(session, scope)
        rollouts = self._rollouts(session, scope, sorted(homes))
        sums = store.sums(
            session,
            scope,
            [one.mof_div_code for one in places],
            period=period,
            measures=SHOWN,
            now=self.clock.now(),
        )
        return Tree(
            rows=[
                _standing(row, nodes=nodes, rollouts=rollouts, sums=sums)
                for row in outline.rows
            ],
            page=outline.page,
        )

    def picture(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        period: Period,
        below: str | None = None,
    ) -> Picture:
        """Return the picture of what the caller sees.

        Args:
            session: the open transaction.
            scope: the caller's jurisdictions.
            period: days looked at.
            below: only this jurisdiction and those under it.
        """
        places = self.territory.under(session, scope, below)
        own = sorted(one.mof_div_code for one in places if one.host is None)
        question = Question(
            since=period.since,
            until=period.until,
            measures=SHOWN,
            jurisdictions=tuple(one.mof_div_code for one in places),
        )
        return Picture(
            period=period,
            connection=connection(
                own,
                self._nodes(session, scope),
                self._rollouts(session, scope, own),
                self.clock.now(),
            ),
            tally=tallied(self.reading.totals(session, scope, question)),
            monthly=self._monthly(session, scope, question),
            rules=self._rules(session, scope, question),
        )

    def _monthly(
        self, session: Session, scope: VisibleJurisdictions, question: Question
    ) -> dict[str, Figures]:
        found: dict[str, Figures] = {}
        for measure in MONTHLY:
            one = Question(
                since=question.since,
                until=question.until,
                measures=(measure,),
                jurisdictions=question.jurisdictions,
            )
            keys = (By.DAY, By.MEASURE, By.STAGE)
            months = by_month(self.reading.sums(session, scope, one, keys))
            for month, figures in folded(months).items():
                found.setdefault(month, {}).update(figures)
        return found

    def _rules(
        self, session: Session, scope: VisibleJurisdictions, question: Question
    ) -> list[RuleHits]:
        hits = Question(
            since=question.since,
            until=question.until,
            measures=(Measure.HITS,),
            jurisdictions=question.jurisdictions,
        )
        sums = self.reading.sums(session, scope, hits, (By.RULE,))
        every = PageRequest(size=PAGE_SIZE_MAX)
        known = self.rulebook.rules(session, RuleSearch(), every).rows
        titles = {row.rule_id: row.title for row in known}
        return [
            RuleHits(
                rule_id=str(one.key[0]),
                title=titles.get(str(one.key[0]), ""),
                hits=one.value,
            )
            for one in sums[:RULES_SHOWN]
            if one.key[0]
        ]

    def _rollouts(
        self, session: Session, scope: VisibleJurisdictions, codes: Sequence[str]
    ) -> dict[str, RolloutRow]:
        found: dict[str, RolloutRow] = {}
        for number in range(1, PAGES_MAX + 1):
            request = PageRequest(number=number, size=PAGE_SIZE_MAX)
            page = self.ledger.rollout(session, scope, codes, request)
            found.update({row.mof_div_code: row for row in page.rows})
            if number >= page.last:
                break
        return found

    def _nodes(
        self, session: Session, scope: VisibleJurisdictions
    ) -> dict[str, NodeStanding]:
        found: dict[str, NodeStanding] = {}
        for number in range(1, PAGES_MAX + 1):
            request = PageRequest(number=number, size=PAGE_SIZE_MAX)
            page = self.company.nodes(session, scope, request)
            for row in page.rows:
                found[row.mof_div_code] = NodeStanding(
                    state=NodeState(row.state),
                    last_seen_at=row.last_seen_at,
                    agent_version=row.agent_version,
                    queue_depth=row.queue_depth,
                )
            if number >= page.last:
                break
        return found


def year_of(year: int) -> Period:
    """Return a calendar year, which is the fiscal year."""
    return Period(since=dt.date(year, 1, 1), until=dt.date(year, 12, 31))


def _standing(
    place: TreeRow,
    *,
    nodes: dict[str, NodeStanding],
    rollouts: dict[str, RolloutRow],
    sums: dict[str, Sums],
) -> Standing:
    code = place.jurisdiction.mof_div_code
    node_code = place.jurisdiction.host or code
    return Standing(
        place=place,
        node=nodes.get(node_code),
        rollout=rollouts.get(node_code),
        sums=sums[code],
    )
