"""The rules in force, as people read them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from kuwei_node.catalogue.service.catalogues import Catalogues
from kuwei_shared.kernel.pages import PageRequest
from kuwei_shared.rules.vocabulary import Vocabulary
from kuwei_shared.screening.effective import EffectiveCatalogue

NEWEST = PageRequest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """The catalogue of one node, for pages."""

    catalogues: Catalogues

    def vocabulary(self, session: Session) -> Vocabulary:
        """Return the names payments and rules use.

        Raises:
            KuweiError: ``catalogue.none`` before the first release.
        """
        return self.catalogues.current(session).catalogue.vocabulary

    def scheduled(self, session: Session) -> list[str]:
        """Return the rules that run by the calendar; empty before the first release."""
        if self.catalogues.status(session).active is None:
            return []
        rules = self.catalogues.current(session).catalogue.rules.values()
        return [rule.id for rule in rules if rule.schedule is not None]

    def releases(self, session: Session) -> list[str]:
        """Return the versions of releases seen, newest first; a page of them."""
        return [one.version for one in self.catalogues.releases(session, NEWEST).rows]

    def under(self, session: Session, release: str) -> EffectiveCatalogue:
        """Return a release this node has seen, as it would act here now.

        Raises:
            KuweiError: ``catalogue.unseen``, or why it does not compile.
        """
        return self.catalogues.under(session, release)

    def titles(self, session: Session) -> dict[str, str]:
        """Return rule id → title; empty before the first release."""
        if self.catalogues.status(session).active is None:
            return {}
        rules = self.catalogues.current(session).catalogue.rules
        return {rule_id: rule.title for rule_id, rule in rules.items()}
