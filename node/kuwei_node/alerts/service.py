"""Raising alerts, and reading them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from kuwei_node.alerts import store
from kuwei_node.alerts.domain import raises_alerts, raising
from kuwei_shared.kernel.clock import Clock
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
        raisings = [
            raising(one.rule, place)
            for place, one in enumerate(effective.realtime.rules, start=1)
            if raises_alerts(one.rule)
        ]
        return store.raise_for_payments(
            session,
            raisings,
            compiled_id=compiled_id,
            at=self.clock.now(),
            where=where,
            values=values,
        )
