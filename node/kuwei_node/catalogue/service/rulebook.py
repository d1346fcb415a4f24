"""The rules in force, as people read them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from kuwei_node.catalogue.service.catalogues import Catalogues
from kuwei_shared.rules.vocabulary import Vocabulary


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

    def titles(self, session: Session) -> dict[str, str]:
        """Return rule id → title; empty before the first release."""
        if self.catalogues.status(session).active is None:
            return {}
        rules = self.catalogues.current(session).catalogue.rules
        return {rule_id: rule.title for rule_id, rule in rules.items()}
