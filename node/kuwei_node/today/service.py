"""Putting the first page together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kuwei_node.alerts.domain import OWN
from kuwei_node.brake.service import Brakes
from kuwei_node.catalogue.service.catalogues import Catalogues
from kuwei_node.catalogue.service.rulebook import Rulebook
from kuwei_node.holds.service import Holds
from kuwei_node.today import store
from kuwei_node.today.domain import TREND_DAYS, Link, Picture, RuleCount, Span
from kuwei_node.uplink.domain import LinkState
from kuwei_node.uplink.service.standing import Standing
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.clock import Clock, business_date

RULES_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """The latest days of one node."""

    clock: Clock
    catalogues: Catalogues
    rulebook: Rulebook
    holds: Holds
    brakes: Brakes
    standing: Standing

    def picture(
        self, session: Session, scope: VisibleJurisdictions, days: int
    ) -> Picture:
        """Return the picture of the latest days up to today with payments.

        Args:
            session: the open transaction.
            scope: the caller's jurisdictions.
            days: how many, the latest included.
        """
        today = business_date(self.clock)
        until = store.latest_day(session, scope, today) or today
        span, trend = Span.ending(until, days), Span.ending(until, TREND_DAYS)
        titles = self.rulebook.titles(session)
        waiting, oldest = self.holds.waiting(session, scope)
        open_rules = store.undetermined(session, scope, span, RULES_SHOWN)
        return Picture(
            span=span,
            trend=trend,
            sums=store.sums(session, scope, trend),
            alerts=store.alerts(session, scope, trend),
            waiting=waiting,
            oldest=oldest,
            hits=self._hits(session, scope, span, titles),
            undetermined=_counts(open_rules, titles),
            latest=store.latest_alerts(session, scope, span),
            trips=self.brakes.open_trips(session),
            titles={one.id: one.title for one in OWN.values()} | titles,
            catalogue=self.catalogues.status(session),
            link=self._link(session),
        )

    def _hits(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        span: Span,
        titles: Mapping[str, str],
    ) -> list[RuleCount]:
        """Return the rules that found most, those that run by the calendar too."""
        hits = store.hits(
            session, scope, span, rule_ids=list(titles), limit=RULES_SHOWN
        )
        scheduled = self.rulebook.scheduled(session)
        raised = store.raised(
            session, scope, span, rule_ids=scheduled, limit=RULES_SHOWN
        )
        found = _counts(hits, titles) + [
            RuleCount(rule_id=rule_id, title=titles.get(rule_id, ""), alerts=count)
            for rule_id, count in raised
        ]
        found.sort(key=lambda one: (-one.payments - one.alerts, one.rule_id))
        return found[:RULES_SHOWN]

    def _link(self, session: Session) -> Link | None:
        found = self.standing.now(session)
        if found is None:
            return None
        return Link(
            state=LinkState(found.state),
            message=found.message,
            heard_at=found.heard_at,
        )


def _counts(
    found: Sequence[tuple[str, int]], titles: Mapping[str, str]
) -> list[RuleCount]:
    return [
        RuleCount(rule_id=rule_id, title=titles.get(rule_id, ""), payments=count)
        for rule_id, count in found
    ]
