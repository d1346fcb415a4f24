"""What a day's figures say, counted from real screenings."""

from __future__ import annotations

import datetime as dt

import pytest
from screening_lab import COUNTY, ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text

from kuwei_node.uplink.adapters.measures import ScreeningMeasures
from kuwei_node.uplink.domain import Day, Identity
from kuwei_node.uplink.service.outbox import OutboxService
from kuwei_node.uplink.service.recorder import Recorder
from kuwei_shared.rules.model import Severity
from kuwei_shared.wire import envelope as envelopes
from kuwei_shared.wire import statistics
from kuwei_shared.wire.statistics import Daily, Family, Figure, Measure, Reason, Stage

pytestmark = pytest.mark.integration

DAY = Day(mof_div_code=COUNTY, business_day=dt.date(2026, 3, 5))
IDENTITY = Identity(
    node_code=COUNTY,
    identity=f"spiffe://fiscal.gx/node/{COUNTY}",
    epoch=1,
    grpc_address="localhost:1",
    hub_key=bytes(32),
)
LARGE = rule("GX-U10", "pay_amt >= 1000")
STOP = rule("GX-U01", "pay_amt >= 5000", severity=Severity.RED)
OPEN = rule("UL-1", "person_cnt > 5", requires=("person_cnt",))


class Desk:
    def __init__(self, engine: Engine) -> None:
        self.lab = ScreeningLab(engine, effective(LARGE, STOP, OPEN, release="2026.1"))
        self.outbox = OutboxService(self.lab.clock)
        self.measures = ScreeningMeasures()
        self.recorder = Recorder(self.outbox, self.measures)

    def pay(self, payment_id: str, amount: str) -> None:
        self.lab.screen(payment(payment_id, pay_amt=amount, person_cnt=None))

    def figures(self, family: Family) -> set[Figure]:
        with self.lab.begin() as session:
            return set(self.measures.of_day(session, DAY)[family])

    def record(self) -> int:
        with self.lab.begin() as session:
            self.recorder.sweep(session)
            return self.recorder.record_touched(session, IDENTITY)

    def sent(self) -> list[Daily]:
        with self.lab.begin() as session:
            waiting = self.outbox.waiting(session, "stats", 1, after=0, limit=99)
        return [
            statistics.decode(envelopes.decode(one.payload).body) for one in waiting
        ]


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


def of_requests(measure: Measure, value: int) -> Figure:
    return Figure(measure=measure, stage=Stage.REQUEST, value=value)


def test_payments_are_counted_and_summed_by_stage(desk: Desk) -> None:
    desk.pay("P1", "100.00")
    desk.pay("P2", "5000.50")

    assert desk.figures(Family.SCREENING) == {
        of_requests(Measure.PAYMENTS, 2),
        of_requests(Measure.AMOUNT_FEN, 510_050),
        of_requests(Measure.PAID_FEN, 0),
        of_requests(Measure.SCREENED, 2),
        of_requests(Measure.HELD, 1),
        of_requests(Measure.REJECTED, 0),
    }


def test_what_the_node_takes_back_itself_leaves_coverage_whole(desk: Desk) -> None:
    desk.pay("P1", "100.00")
    desk.pay("P2", "5000.50")
    with desk.lab.begin() as session:
        seq = desk.lab.ledger.lock_and_look(session, [payment("P2")]).known[0].seq
        desk.lab.ledger.reverse(session, seq)

    found = desk.figures(Family.SCREENING)

    assert {
        of_requests(Measure.PAYMENTS, 2),
        of_requests(Measure.SCREENED, 2),
        of_requests(Measure.AMOUNT_FEN, 10_000),
    } <= found


def test_a_payment_that_was_not_screened_lowers_coverage(desk: Desk) -> None:
    desk.pay("P1", "100.00")
    desk.pay("P2", "200.00")
    with desk.lab.begin() as session:
        session.execute(text("DELETE FROM screening WHERE payment_seq = 2"))

    found = desk.figures(Family.SCREENING)

    assert of_requests(Measure.PAYMENTS, 2) in found
    assert of_requests(Measure.SCREENED, 1) in found


def test_hits_alerts_and_undetermined_are_counted_by_rule(desk: Desk) -> None:
    desk.pay("P1", "100.00")
    desk.pay("P2", "2000.00")

    found = {
        (one.measure, one.rule_id): one.value for one in desk.figures(Family.RULES)
    }

    assert found == {
        (Measure.HITS, "GX-U10"): 1,
        (Measure.ALERTS, "GX-U10"): 1,
        (Measure.UNDETERMINED, "UL-1"): 2,
    }


def test_figures_say_which_release_screened(desk: Desk) -> None:
    desk.pay("P1", "100.00")

    assert desk.figures(Family.ADOPTION) == {
        Figure(measure=Measure.SCREENED_BY_RELEASE, release_id="2026.1", value=1)
    }


def test_nobody_needs_to_tell_that_payments_arrived(desk: Desk) -> None:
    desk.pay("P1", "100.00")

    recorded = [desk.record() for _ in range(5)]

    assert recorded == [3, 0, 0, 0, 0]
    assert {(one.family, one.revision) for one in desk.sent()} == {
        (family, 1) for family in Family
    }


def test_a_late_payment_makes_a_second_revision(desk: Desk) -> None:
    desk.pay("P1", "100.00")
    desk.record()

    desk.pay("P2", "2000.00")
    recorded = desk.record()

    second = [one for one in desk.sent() if one.revision == 2]
    assert recorded == 3
    assert {one.reason for one in second} == {Reason.LATE}
    assert {one.family for one in second} == set(Family)


def test_absurd_amounts_do_not_stop_the_day(desk: Desk) -> None:
    for number in range(6):
        desk.pay(f"P-{number}", "9999999999999999.99")

    found = {one.measure: one.value for one in desk.figures(Family.SCREENING)}

    assert found[Measure.AMOUNT_FEN] == statistics.VALUE_MAX - 1
    assert found[Measure.PAYMENTS] == 6
    assert desk.record() > 0
