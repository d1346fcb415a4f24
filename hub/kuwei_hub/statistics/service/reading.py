"""What figures come to, for those who may see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from sqlalchemy.orm import Session

from kuwei_hub.statistics.domain import Checked, Hits, MonthSum
from kuwei_hub.statistics.store import mending, sums
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

    def places(self, session: Session) -> list[str]:
        """Return every jurisdiction that has figures, or sums of figures."""
        return mending.places(session)

    def check(
        self, session: Session, codes: Collection[str] | None = None
    ) -> dict[str, Checked]:
        """Compare the sums of each table with the days they are made of.

        Args:
            session: the open transaction.
            codes: whose sums; None stands for everybody's.
        """
        found = dict.fromkeys(mending.TABLES, Checked())
        for code in mending.places(session) if codes is None else codes:
            for table, one in mending.check(session, code).items():
                found[table] += one
        return found

    def rebuild(self, session: Session, codes: Collection[str] | None = None) -> None:
        """Write sums anew from the days; no figures come in until it has committed.

        Args:
            session: the open transaction.
            codes: whose sums; None stands for everybody's.
        """
        for code in mending.places(session) if codes is None else codes:
            mending.rebuild(session, code)
