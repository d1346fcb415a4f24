"""Raising alerts, and reading them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from kuwei_node.alerts import store
from kuwei_node.alerts.domain import Raising, raises_alerts, raising
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.rules.compiler import Statement
from kuwei_shared.rules.vocabulary import PAYMENT
from kuwei_shared.screening.effective import EffectiveCatalogue


class Alerts:
    """The alerts of one node."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def raise_for(
        self,
        session: Session,
        effective: EffectiveCatalogue,
        compiled_id: int,
        where: str,
        values: dict[str, Any],
    ) -> int:
        """Raise the alerts of recorded screenings chosen by a condition.

        ``where`` speaks of ``s`` (screening) and ``p`` (payment); Any: its values.
        """
        raisings = _raisings(effective.realtime, PAYMENT_KEY)
        return store.raise_for_payments(
            session,
            raisings,
            compiled_id=compiled_id,
            at=self.clock.now(),
            where=where,
            values=values,
        )

    def raise_for_subjects(
        self, session: Session, statement: Statement, table: str, compiled_id: int
    ) -> int:
        """Raise the alerts of a scheduled run from its table of judged rows."""
        return store.raise_for_subjects(
            session,
            _raisings(statement, _subject_key(statement)),
            subject=statement.subject,
            table=table,
            compiled_id=compiled_id,
            at=self.clock.now(),
        )


PAYMENT_KEY = ("payment_id", "stage")


def _subject_key(statement: Statement) -> tuple[str, ...]:
    if statement.subject == PAYMENT:
        return PAYMENT_KEY
    entity = statement.catalogue.vocabulary.entities[statement.subject]
    return entity.subject_key or tuple(entity.keys)


def _raisings(statement: Statement, subject_key: tuple[str, ...]) -> list[Raising]:
    return [
        raising(one.rule, place, subject_key)
        for place, one in enumerate(statement.rules, start=1)
        if raises_alerts(one.rule)
    ]
