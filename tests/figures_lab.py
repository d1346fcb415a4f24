"""Figures of a province as its nodes report them, and what they plainly come to."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from kuwei_hub.fleet import store as fleet
from kuwei_hub.fleet.domain import NodeState
from kuwei_hub.fleet.models import FleetNode
from kuwei_hub.fleet.service.company import Company
from kuwei_hub.overview.domain import ONE_STAGE, Tally
from kuwei_hub.statistics.domain import FOLDED
from kuwei_hub.statistics.models import Statistic
from kuwei_hub.statistics.service.ingest import Ingest
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.trust import dsse, keys
from kuwei_shared.trust.keys import new_signing_key
from kuwei_shared.wire import envelope as envelopes
from kuwei_shared.wire import statistics as wire
from kuwei_shared.wire.envelope import Envelope
from kuwei_shared.wire.ingest import BATCH_MAX, Ack
from kuwei_shared.wire.statistics import Daily, Family, Figure, Measure, Stage

RULES = ("GX-U01", "GX-U10", "UL-1")
STAGED = (Measure.PAYMENTS, Measure.AMOUNT_FEN, Measure.SCREENED, Measure.HELD)


def identity(code: str) -> str:
    """Return what a node's certificate calls it."""
    return f"spiffe://kuwei/node/{code}"


@dataclass
class Member:
    """An active node before an ingest, its envelopes chained as they go."""

    session: Session
    code: str
    epoch: int = 3
    seq: int = 0
    last: bytes = envelopes.ZERO_SHA256
    clock: SetClock = field(default_factory=SetClock)

    def __post_init__(self) -> None:
        self.key = new_signing_key()
        self.company = Company(self.clock)
        self.ingest = Ingest(
            clock=self.clock, company=self.company, signing_key=new_signing_key
        )
        node = FleetNode(
            mof_div_code=self.code,
            name=self.code,
            level="county",
            parent=None,
            state=NodeState.ACTIVE,
            epoch=self.epoch,
            registered_by="系统管理员",
            registered_at=self.clock.now(),
        )
        self.session.add(node)
        self.session.flush()
        self._certify()

    def begin_anew(self) -> None:
        """Go on in the next epoch, as after a restored backup."""
        self.epoch, self.seq, self.last = self.epoch + 1, 0, envelopes.ZERO_SHA256
        node = self.session.get_one(FleetNode, self.code)
        node.epoch = self.epoch
        self._certify()

    def envelope(self, body: bytes, **changes: object) -> Envelope:
        """Return the next envelope, with something about it changed."""
        plain = Envelope(
            message_id=bytes(16),
            sender=identity(self.code),
            epoch=self.epoch,
            stream="stats",
            seq=self.seq + 1,
            prev_sha256=self.last,
            type=wire.DAILY_TYPE,
            schema_rev=1,
            business_day=dt.date(2026, 3, 20),
            created_ms=1,
            body=body,
        )
        return replace(plain, **changes)  # type: ignore[arg-type]  # fields of an envelope

    def signed(self, envelope: Envelope) -> dsse.Signed:
        """Sign an envelope with the node's key."""
        return dsse.sign(envelopes.encode(envelope), envelopes.ENVELOPE_TYPE, self.key)

    def hand_in(self, *batch: dsse.Signed) -> list[Ack]:
        """Hand a batch in over the node's own connection."""
        found = self.ingest.submit(self.session, self.code, identity(self.code), batch)
        return list(found.acks)

    def send(self, body: bytes, **changes: object) -> Ack:
        """Hand the next envelope in; go on behind it, whatever became of it."""
        signed = self.signed(self.envelope(body, **changes))
        (ack,) = self.hand_in(signed)
        self.seq, self.last = self.seq + 1, envelopes.sha256(signed.payload)
        return ack

    def report(self, days: Iterable[Daily]) -> list[Ack]:
        """Hand in the figures of days, as many at once as a batch may hold."""
        batch: list[dsse.Signed] = []
        for daily in days:
            batch.append(self.signed(self.envelope(wire.encode(daily))))
            self.seq, self.last = self.seq + 1, envelopes.sha256(batch[-1].payload)
        parts = range(0, len(batch), BATCH_MAX)
        return [ack for n in parts for ack in self.hand_in(*batch[n : n + BATCH_MAX])]

    def _certify(self) -> None:
        public = keys.public_bytes(self.key.public_key())
        fleet.keep_key(self.session, self.code, self.epoch, public, self.clock.now())


def any_daily(
    dice: np.random.Generator, code: str, day: dt.date, revision: int
) -> list[Daily]:
    """Return both families of a day: some stages, some rules, amounts below zero."""
    stages = [one for one in Stage if dice.integers(2)]
    staged = [
        Figure(measure=one, stage=stage, value=int(dice.integers(-9, 90)))
        for stage in stages
        for one in STAGED
    ]
    ruled = [
        Figure(measure=one, rule_id=rule, value=int(dice.integers(9)))
        for rule in RULES
        if dice.integers(2)
        for one in (Measure.HITS, Measure.ALERTS, Measure.UNDETERMINED)
    ]
    place = {"mof_div_code": code, "business_day": day, "revision": revision}
    return [
        Daily(**place, family=family, reason=wire.Reason.LATE, figures=tuple(figures))  # type: ignore[arg-type]  # fields of a day
        for family, figures in ((Family.SCREENING, staged), (Family.RULES, ruled))
    ]


def plain_tally(session: Session, codes: Collection[str], year: int) -> Tally:
    """Add up, figure by figure, what the overview says of some jurisdictions."""
    stages: dict[tuple[str, Measure], Counter[str | None]] = defaultdict(Counter)
    for one in session.scalars(select(Statistic)):
        if one.mof_div_code in codes and one.business_day.year == year:
            of = one.mof_div_code, Measure(one.measure)
            stages[of][one.stage] += one.value
    figures: Counter[Measure] = Counter()
    for (_, measure), found in stages.items():
        largest = max((value for value in found.values() if value), default=0)
        figures[measure] += largest if measure in ONE_STAGE else found.total()
    payments = (of for (_, one), of in stages.items() if one is Measure.PAYMENTS)
    return Tally(
        figures={measure: figures[measure] for measure in FOLDED},
        entries=sum(found.total() for found in payments),
    )
