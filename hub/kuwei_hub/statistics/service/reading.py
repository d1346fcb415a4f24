"""What figures come to, for those who may see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from sqlalchemy.orm import Session

from kuwei_hub.statistics.domain import Checked, Hits, MonthSum
from kuwei_hub.statistics.store import sums
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.wire.statistics import Measure


class Reading:
    """Answers questions about the figures in force."""

    def latest(
        self, session: Session, scope: VisibleJurisdictions, until: dt.date
    ) -> dt.date | None:
        """Return the first day of the last year that something was reported for."""
        return sums.latest(session, scope, until)

    def sums(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        months: Sequence[dt.date],
        codes: Collection[str],
        *,
        measures: Sequence[Measure],
    ) -> list[MonthSum]:
        """Return what jurisdictions come to together, by month and stage.

        Args:
            session: the open transaction.
            scope: the caller's jurisdictions.
            months: their first days.
            codes: whose figures; those outside the scope are left out.
            measures: which of ``FOLDED``.
        """
        return sums.sums(session, scope, months, codes, measures=measures)

    def rules_hit_most(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        year: dt.date,
        codes: Collection[str],
        *,
        most: int,
    ) -> list[Hits]:
        """Return the rules that hit most in a year in some jurisdictions."""
        return sums.hits_by_rule(session, scope, year, codes, most=most)

    def places_hit_most(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        months: Sequence[dt.date],
        rule_id: str,
        *,
        most: int,
    ) -> list[Hits]:
        """Return the jurisdictions where a rule hit most, most first."""
        return sums.hits_by_place(session, scope, months, rule_id, most=most)

    def check(self, session: Session) -> dict[str, Checked]:
        """Compare the sums of each table with the days they are made of."""
        return sums.check(session)

    def rebuild(self, session: Session) -> None:
        """Write the sums anew from the days."""
        sums.rebuild(session)
