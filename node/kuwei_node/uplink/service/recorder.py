"""Figures of changed days, as absolute values with a revision.

Counting the same day twice yields the same figures and no message; a late payment
yields revision n + 1 with the reason ``late``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sqlalchemy.orm import Session

from kuwei_node.uplink import store
from kuwei_node.uplink.domain import STATS_STREAM, Day, Identity, Measures, step
from kuwei_node.uplink.models import StatisticRevision
from kuwei_node.uplink.service.outbox import Message, OutboxService
from kuwei_shared.wire import statistics
from kuwei_shared.wire.statistics import Daily, Family, Figure, Reason

TOUCHES_MAX = 2_000


class Recorder:
    """Turns changed days into messages."""

    def __init__(self, outbox: OutboxService, measures: Measures) -> None:
        self._outbox = outbox
        self._measures = measures

    def touch(self, session: Session, days: Iterable[Day]) -> None:
        """Note, in the caller's transaction, days whose figures may have changed.

        Costs one insert and never waits for another transaction.
        """
        store.touch(session, days)

    def sweep(self, session: Session) -> int:
        """Note the days of everything that arrived since the last pass.

        Nothing that writes payments needs to tell; a first pass notes all days.

        Returns:
            The number of days noted.
        """
        return sum(self._sweep(session, source) for source in self._measures.sources)

    def record_touched(self, session: Session, identity: Identity) -> int:
        """Count noted days again and record what changed; return the messages."""
        days = store.take_touched(session, TOUCHES_MAX)
        return sum(self._record_day(session, identity, day) for day in days)

    def record(
        self,
        session: Session,
        identity: Identity,
        day: Day,
        family: Family,
        figures: tuple[Figure, ...],
    ) -> bool:
        """Record figures unless they are what was recorded last."""
        content = hashlib.sha256(repr(figures).encode()).digest()
        last = store.revision(session, day, family)
        is_same_epoch = last is not None and last.epoch == identity.epoch
        if last is not None and is_same_epoch and last.content_sha256 == content:
            return False
        if last is None:
            if not figures:
                return False
            last = StatisticRevision(
                mof_div_code=day.mof_div_code,
                business_day=day.business_day,
                family=family,
                revision=0,
            )
            reason = Reason.FIRST
        else:
            reason = Reason.LATE if is_same_epoch else Reason.RESTORED
        last.epoch, last.content_sha256 = identity.epoch, content
        last.revision += 1
        store.keep_revision(session, last)
        daily = Daily(
            mof_div_code=day.mof_div_code,
            business_day=day.business_day,
            family=family,
            revision=last.revision,
            reason=reason,
            figures=figures,
        )
        self._outbox.record(session, identity, _message(daily))
        return True

    def _sweep(self, session: Session, source: str) -> int:
        mark = store.mark(session, source)
        oldest = store.oldest_transaction(session)
        seen = self._measures.seen(session, mark)
        newest = store.newest_transaction(session)
        days, moved = step(mark, seen, oldest=oldest, newest=newest)
        store.touch(session, days)
        store.move_mark(session, moved)
        return len(days)

    def _record_day(self, session: Session, identity: Identity, day: Day) -> int:
        families = self._measures.of_day(session, day)
        return sum(
            self.record(session, identity, day, family, figures)
            for family, figures in families.items()
        )


def _message(daily: Daily) -> Message:
    return Message(
        stream=STATS_STREAM,
        type=statistics.DAILY_TYPE,
        schema_rev=statistics.DAILY_SCHEMA_REV,
        business_day=daily.business_day,
        body=statistics.encode(daily),
    )
