"""The effective catalogue, for pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kuwei_node.brake.service import Brakes
from kuwei_node.catalogue.domain import Proposal, SetAside, Status
from kuwei_node.catalogue.service.catalogues import Catalogues
from kuwei_node.effective import store
from kuwei_node.effective.domain import (
    ProposalRow,
    RuleDetail,
    RuleRow,
    RuleSearch,
    chosen,
    every_month,
    params_of,
    proposal_row,
    read_aloud,
    row_of,
)
from kuwei_shared.identity.principal import Principal
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.clock import Clock, business_date
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest

Names = Callable[[Session, Iterable[str | None]], Mapping[str, str]]
"""Subjects → the names people know them by; who never acted here has none."""

REASON_MIN, REASON_MAX = 4, 500
UNITS_SHOWN = 10
HITS_FOR = dt.timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """The rules in force at one node."""

    clock: Clock
    catalogues: Catalogues
    brakes: Brakes
    names: Names

    def rules(
        self, session: Session, search: RuleSearch, request: PageRequest
    ) -> Page[RuleRow]:
        """Return a page of rules.

        Raises:
            KuweiError: ``catalogue.none`` before the first release.
        """
        effective = self.catalogues.current(session)
        rows = [row_of(effective, one) for one in effective.rules]
        return chosen(rows, search, request)

    def standing(self, session: Session) -> tuple[Status, tuple[SetAside, ...]]:
        """Return how the catalogue stands, and what did not fit the release."""
        status = self.catalogues.status(session)
        aside = self.catalogues.in_force(session).set_aside if status.active else ()
        return status, aside

    def described(
        self, session: Session, made: Page[Proposal], viewer: Principal
    ) -> Page[ProposalRow]:
        """Return proposals with what each would change, and who made them by name."""
        active = self.catalogues.status(session).active
        rules = {} if active is None else self.catalogues.current(session).by_id
        people = [who for one in made.rows for who in (one.proposed_by, one.decided_by)]
        who = self.names(session, people)
        rows = [
            proposal_row(one, rules.get(one.rule_id), who, viewer=viewer.subject)
            for one in made.rows
        ]
        return Page(rows=rows, total=made.total, request=made.request)

    def reset(
        self, session: Session, rule_id: str, *, by: Principal, reason: str
    ) -> None:
        """Let a tripped rule act again.

        Raises:
            KuweiError: ``brake.no_reason``, ``brake.not_tripped``.
        """
        if not REASON_MIN <= len(reason.strip()) <= REASON_MAX:
            raise KuweiError(
                "brake.no_reason", f"请写明恢复理由,{REASON_MIN}–{REASON_MAX} 个字。"
            )
        self.brakes.reset(session, rule_id, by=by, reason=reason.strip())

    def rule(
        self, session: Session, scope: VisibleJurisdictions, rule_id: str
    ) -> RuleDetail:
        """Return one rule as it acts here.

        Raises:
            KuweiError: ``rule.unknown``, ``catalogue.none``.
        """
        effective = self.catalogues.current(session)
        one = effective.by_id.get(rule_id)
        if one is None:
            raise KuweiError(
                "rule.unknown", f"现行目录中没有规则 {rule_id}。", kind=Kind.MISSING
            )
        today = business_date(self.clock)
        since = today - HITS_FOR
        conditions, facts, explain = read_aloud(effective, one)
        trips = {trip.rule_id: trip for trip in self.brakes.open_trips(session)}
        label = effective.catalogue.vocabulary.label_of
        is_scheduled = one.rule.schedule is not None
        units = store.alerted_units if is_scheduled else store.units
        months = store.months(session, scope, rule_id, since, of_alerts=is_scheduled)
        return RuleDetail(
            row=row_of(effective, one),
            rule=one.rule,
            conditions=conditions,
            facts=facts,
            explain=explain,
            needed=[label(name) for name in one.rule.requires],
            params=params_of(one),
            months=every_month(months, today),
            units=units(session, scope, rule_id, since=since, limit=UNITS_SHOWN),
            is_scheduled=is_scheduled,
            trip=trips.get(rule_id),
        )
