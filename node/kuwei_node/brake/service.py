"""Watching how often each rule stops payments, and cutting in when it runs away.

One bad rule must not stop a province's payments (design.md §3): a rule that holds
or refuses more than a share of the latest payments becomes alert-only until a
person resets it; the province sees it in the node's figures. Rules that guard a
balance are not watched, and one hosted township alone trips nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import structlog
from sqlalchemy.orm import Session

from kuwei_node.brake import store
from kuwei_node.brake.domain import (
    BrakeLimits,
    OpenTrip,
    Stop,
    is_general,
    stops_among,
)
from kuwei_shared.identity.principal import Principal
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.screening.effective import EffectiveCatalogue

log = structlog.get_logger()

REMEMBERED_MAX = 1_000


def tripped(session: Session) -> frozenset[str]:
    """Return the rules that are alert-only now."""
    return store.tripped(session)


class Brakes:
    """The brakes of one node.

    ``moved`` tells every process that the effective catalogue has changed.
    """

    def __init__(
        self, clock: Clock, limits: BrakeLimits, moved: Callable[[Session], None]
    ) -> None:
        self.clock = clock
        self.limits = limits
        self.moved = moved
        self._due: dict[tuple[int, str], int] = {}

    def watch(
        self,
        session: Session,
        effective: EffectiveCatalogue,
        compiled_id: int,
        outcomes: Sequence[str],
        *,
        upto: int,
    ) -> list[str]:
        """Trip the rules that stopped these payments and too many before; return them.

        A rule is looked at only if enough payments have come since it was last for
        it to run away by now, however many processes took them in.

        Args:
            session: the open transaction; the payments are recorded.
            effective: the catalogue that judged.
            compiled_id: the number it is recorded under.
            outcomes: letters of payments that were held or refused.
            upto: the highest sequence number among the payments.
        """
        stops = [
            stop
            for stop in stops_among(effective.realtime, outcomes)
            if upto >= self._due.get((compiled_id, stop.rule_id), 0)
        ]
        if not stops:
            return []
        lately = store.stopped_lately(
            session, stops, compiled_id=compiled_id, window=self.limits.window
        )
        self._remember(compiled_id, upto, lately)
        running = [s for s in stops if self.limits.runs_away(*lately[s.rule_id])]
        general = self._general(session, running, compiled_id)
        for stop in running:
            if stop.rule_id not in general:
                self._due[(compiled_id, stop.rule_id)] = upto + self.limits.least
        return [
            rule
            for rule in general
            if self._trip(session, effective, rule, *lately[rule])
        ]

    def _general(
        self, session: Session, running: Sequence[Stop], compiled_id: int
    ) -> list[str]:
        """Return those of the rules running away that one township does not explain."""
        if not running:
            return []
        shares = store.stopped_by_division(
            session, running, compiled_id=compiled_id, window=self.limits.window
        )
        return [rule for rule, each in shares.items() if is_general(each, self.limits)]

    def _remember(
        self, compiled_id: int, upto: int, lately: Mapping[str, tuple[int, int]]
    ) -> None:
        if len(self._due) >= REMEMBERED_MAX:
            self._due.clear()
        for rule, (stopped, seen) in lately.items():
            wait = self.limits.payments_until(stopped, seen)
            self._due[(compiled_id, rule)] = upto + wait

    def _trip(
        self,
        session: Session,
        effective: EffectiveCatalogue,
        rule: str,
        stopped: int,
        seen: int,
    ) -> bool:
        is_new = store.trip(
            session,
            rule,
            release=effective.release,
            at=self.clock.now(),
            stopped=stopped,
            window=seen,
        )
        if is_new:
            self.moved(session)
            log.warning("brake.tripped", rule=rule, stopped=stopped, of=seen)
        return is_new

    def open_trips(self, session: Session) -> Sequence[OpenTrip]:
        """Return every open trip, newest first."""
        return store.open_trips(session)

    def reset(
        self, session: Session, rule_id: str, *, by: Principal, reason: str
    ) -> None:
        """Let a tripped rule act again.

        Raises:
            KuweiError: ``brake.not_tripped``.
        """
        now = self.clock.now()
        if not store.reset(session, rule_id, at=now, by=by.subject, reason=reason):
            raise KuweiError(
                "brake.not_tripped", f"规则 {rule_id} 未被熔断。", kind=Kind.MISSING
            )
        self.moved(session)
