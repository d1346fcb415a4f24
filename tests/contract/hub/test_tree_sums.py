"""What a row of the tree comes to: itself, and with everything below it."""

import datetime as dt

import province_lab as lab
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from kuwei_hub.fleet.domain import NodeState
from kuwei_hub.fleet.models import FleetNode
from kuwei_hub.overview import store
from kuwei_hub.overview.domain import Period, Sums
from kuwei_hub.statistics.domain import FOLDED
from kuwei_hub.statistics.models import Statistic
from kuwei_hub.statistics.service.reading import Reading
from kuwei_hub.territory.domain import Unfolding
from kuwei_hub.territory.service import Territory
from kuwei_shared.identity.scope import of_jurisdictions, of_service
from kuwei_shared.wire.statistics import Measure, Stage

pytestmark = pytest.mark.integration
DAY = dt.date(2026, 3, 20)
NOW = dt.datetime(2026, 3, 20, 9, tzinfo=dt.UTC)
YEAR = Period(year=2026)
MANY = 5_001
TOWNSHIP = "450102101"
REPORTED = {lab.PROVINCE: 1, lab.NANNING: 10, lab.XINGNING: 100, TOWNSHIP: 1_000}


def reported(code: str, number: int) -> list[Statistic]:
    """Return a place's figures: all payments seen twice, one screening missing."""
    place = {"mof_div_code": code, "business_day": DAY, "family": "screening"}
    values = [
        (Measure.PAYMENTS, Stage.REQUEST, number),
        (Measure.PAYMENTS, Stage.VOUCHER, number),
        (Measure.AMOUNT_FEN, Stage.VOUCHER, number * 100),
        (Measure.SCREENED, Stage.REQUEST, number),
        (Measure.SCREENED, Stage.VOUCHER, number - 1),
        (Measure.ALERTS, None, number),
    ]
    return [Statistic(**place, measure=m, stage=s, value=v) for m, s, v in values]


def node(code: str, state: NodeState, seen_at: dt.datetime | None) -> FleetNode:
    return FleetNode(
        mof_div_code=code,
        name=code,
        level="county",
        parent=lab.PROVINCE,
        state=state,
        epoch=1,
        registered_by="系统管理员",
        registered_at=NOW,
        last_seen_at=seen_at,
    )


@pytest.fixture
def settled(session: Session) -> Session:
    Territory().register(session, lab.jurisdictions())
    for code, number in REPORTED.items():
        session.add_all(reported(code, number))
    session.flush()
    Reading().rebuild(session)
    return session


def sums(
    session: Session, *codes: str, hidden: tuple[str, ...] = ()
) -> dict[str, Sums]:
    seen = {one.mof_div_code for one in lab.jurisdictions()} - set(hidden)
    scope = of_jurisdictions(seen) if hidden else of_service()
    visible = Territory().outline(session, scope, Unfolding()).whole
    rows, whole = store.sums(
        session, scope, codes, everything=visible, period=YEAR, now=NOW
    )
    return rows | {
        store.WHOLE: Sums(own=whole.tally, whole=whole.tally, nodes=whole.nodes)
    }


def test_a_row_is_what_it_reported_and_everything_below_it(settled: Session) -> None:
    found = sums(settled, lab.NANNING)[lab.NANNING]

    assert [one.count("payments") for one in (found.own, found.whole)] == [10, 1_110]
    assert [one.amount for one in (found.own, found.whole)] == [10, 1_110]
    assert [one.count("alerts") for one in (found.own, found.whole)] == [10, 1_110]


def test_coverage_measures_screenings_against_payments_of_every_stage(
    settled: Session,
) -> None:
    found = sums(settled, lab.NANNING)[lab.NANNING].whole

    assert (found.count("screened"), found.entries) == (2_217, 2_220)


def test_the_top_row_comes_to_what_the_tiles_say(settled: Session) -> None:
    found = sums(settled, lab.PROVINCE)

    assert found[lab.PROVINCE].whole == found[store.WHOLE].whole
    assert found[lab.PROVINCE].nodes == found[store.WHOLE].nodes


def test_a_place_nobody_reported_for_comes_to_nothing(settled: Session) -> None:
    found = sums(settled, lab.GUILIN)[lab.GUILIN]

    nothing = dict.fromkeys(FOLDED, 0)
    assert (found.own.figures, found.whole.figures) == (nothing, nothing)
    assert (found.own.entries, found.whole.entries) == (0, 0)


def test_what_a_viewer_may_not_see_is_in_no_sum(settled: Session) -> None:
    found = sums(settled, lab.NANNING, lab.XINGNING, hidden=(lab.XINGNING,))

    assert list(found) == [lab.NANNING, store.WHOLE]
    assert found[lab.NANNING].whole.count("payments") == 10


def test_sums_hold_however_many_places_are_below(settled: Session) -> None:
    fill = "INSERT INTO {} SELECT {} FROM generate_series(100001, :last) AS n"
    place = "'9' || n || '00', 'x', 'county', :city, :city, NULL, DATE '2012-01-01'"
    figure = "'9' || n || '00', DATE '2026-03-20', 'screening', 'payments', 'voucher'"
    into = "statistic (mof_div_code, business_day, family, measure, stage, value)"
    columns = "mof_div_code, name, level, fiscal_parent, administrative_parent, host"
    values = {"last": 100_000 + MANY, "city": lab.GUILIN}
    target = f"jurisdiction ({columns}, opened_on)"
    settled.execute(text(fill.format(target, place)), values)
    settled.execute(text(fill.format(into, f"{figure}, 2")), values)
    Reading().rebuild(settled)

    found = sums(settled, lab.GUILIN)[lab.GUILIN].whole

    assert found.count("payments") == 2 * MANY


def test_nodes_are_counted_with_the_whole(settled: Session) -> None:
    settled.add(node(lab.NANNING, NodeState.ACTIVE, NOW))
    settled.add(node(lab.XINGNING, NodeState.ACTIVE, NOW - dt.timedelta(hours=1)))
    settled.flush()

    nodes = sums(settled, lab.NANNING)[lab.NANNING].nodes

    assert (nodes.expected, nodes.active, nodes.present, nodes.current) == (2, 2, 1, 0)
