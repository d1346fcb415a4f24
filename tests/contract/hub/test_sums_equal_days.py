"""Sums kept on receipt equal what the days in force plainly come to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import figures_lab
import numpy as np
import province_lab as lab
import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from kuwei_hub.overview import store
from kuwei_hub.overview.domain import Period
from kuwei_hub.statistics.domain import months_before
from kuwei_hub.statistics.service.reading import Reading
from kuwei_hub.territory.domain import Unfolding
from kuwei_hub.territory.service import Territory
from kuwei_shared.identity.scope import of_jurisdictions, of_service
from kuwei_shared.wire import statistics as wire
from kuwei_shared.wire.statistics import VALUE_MAX, Daily, Family, Figure, Measure

pytestmark = pytest.mark.integration
NOW = dt.datetime(2026, 3, 20, 9, tzinfo=dt.UTC)
DAYS = [dt.date(2025, 12, 31), *(dt.date(2026, 1 + n % 3, 7 + n) for n in range(6))]
TOWNSHIP = "450102101"
FALSE = {
    "too much": "UPDATE statistic_sum SET alerts = alerts + 1 WHERE span = 'year'",
    "gone": "DELETE FROM statistic_rule_sum WHERE span = 'month'",
    "of nothing": "INSERT INTO statistic_rule_sum"
    " VALUES ('year', '2026-01-01', '450199000', 'GX-U01', 1)",
}


def settle(session: Session, seed: int) -> None:
    """Let three nodes report days again and again, in any order."""
    Territory().register(session, lab.jurisdictions())
    for code in (lab.PROVINCE, lab.NANNING, lab.XINGNING):
        member = figures_lab.Member(session, code)
        dice = np.random.default_rng([seed, int(code)])
        places = [code, TOWNSHIP] if code == lab.XINGNING else [code]
        days = [(place, day) for place in places for day in DAYS] * 3
        dice.shuffle(days)
        for place, day in days:
            revision = int(dice.integers(1, 9))
            member.report(figures_lab.any_daily(dice, place, day, revision))


def differing(session: Session) -> int:
    return sum(one.differing for one in Reading().check(session).values())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_row_of_the_tree_equals_the_days_added_up(
    session: Session, seed: int
) -> None:
    settle(session, seed)
    outline = Territory().outline(session, of_service(), Unfolding())

    rows, whole = store.sums(
        session,
        of_service(),
        outline.whole,
        everything=outline.whole,
        period=Period(year=2026),
        now=NOW,
    )

    plain = figures_lab.plain_tally
    assert differing(session) == 0
    assert whole.tally == plain(session, outline.whole, 2026)
    assert rows[lab.XINGNING].whole == plain(session, [lab.XINGNING, TOWNSHIP], 2026)
    assert all(rows[code].own == plain(session, [code], 2026) for code in rows)


def test_figures_of_a_restored_node_take_the_place_of_those_before(
    session: Session,
) -> None:
    dice, day = np.random.default_rng(7), DAYS[1]
    member = figures_lab.Member(session, lab.NANNING)
    member.report(figures_lab.any_daily(dice, lab.NANNING, day, 5))
    member.begin_anew()

    member.report(figures_lab.any_daily(dice, lab.NANNING, day, 1))

    kept = Reading().check(session)["statistic_sum"]
    assert (kept.sums > 0, kept.differing) == (True, 0)


def test_no_amount_is_too_great_to_be_added(session: Session) -> None:
    member = figures_lab.Member(session, lab.NANNING)
    figure = Figure(measure=Measure.AMOUNT_FEN, value=VALUE_MAX - 1)
    place = {"mof_div_code": lab.NANNING, "family": Family.SCREENING, "revision": 1}
    days = [
        Daily(**place, business_day=day, reason=wire.Reason.FIRST, figures=(figure,))  # type: ignore[arg-type]  # fields of a day
        for day in DAYS[1:]
    ]

    acks = member.report(days)

    assert {ack.status for ack in acks} == {"applied"}
    assert differing(session) == 0


def test_a_batch_is_added_at_once_so_that_two_cannot_hold_each_other_up(
    session: Session,
) -> None:
    dice, member = np.random.default_rng(6), figures_lab.Member(session, lab.NANNING)
    days = (figures_lab.any_daily(dice, lab.NANNING, day, 1) for day in DAYS[::-1])
    said: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *a: said.append(a[2]))

    member.report(one for day in days for one in day)

    written = [one.split()[2] for one in said if one.startswith("INSERT INTO")]
    assert written.count("statistic_day") == 2 * len(DAYS)
    assert [one for one in written if one.endswith("_sum")] == [
        "statistic_sum",
        "statistic_rule_sum",
    ]


@pytest.mark.parametrize("step", [Reading.check, Reading.rebuild])
def test_an_operator_is_given_more_time_than_a_request(
    session: Session, step: Callable[[Reading, Session], object]
) -> None:
    settle(session, 6)
    session.execute(text("SET LOCAL statement_timeout = '30s'"))

    step(Reading(), session)

    assert session.scalar(text("SHOW statement_timeout")) == "10min"


@pytest.mark.parametrize("false", FALSE.values(), ids=FALSE)
def test_a_false_sum_is_found_and_mended(session: Session, false: str) -> None:
    settle(session, 4)
    session.execute(text(false))
    found = differing(session)

    Reading().rebuild(session)

    assert found > 0
    assert differing(session) == 0


def test_hits_are_told_of_places_a_viewer_may_see_alone(session: Session) -> None:
    settle(session, 5)
    months, seen = months_before(dt.date(2026, 3, 20), 12), of_jurisdictions([TOWNSHIP])
    reading, rule = Reading(), figures_lab.RULES[0]

    every = reading.places_hit_most(session, of_service(), months, rule, most=9)
    own = reading.places_hit_most(session, seen, months, rule, most=9)

    assert {one.of for one in own} == {TOWNSHIP} < {one.of for one in every}
    assert [one.count for one in every] == sorted(
        (o.count for o in every), reverse=True
    )


def test_a_rule_that_hits_no_payment_is_told_by_its_alerts(session: Session) -> None:
    found = [(Measure.ALERTS, "GX-B06", 2), (Measure.HITS, "GX-U10", 5)]
    found += [(Measure.ALERTS, "GX-U10", 3)]
    daily = Daily(
        mof_div_code=lab.NANNING,
        business_day=dt.date(2026, 3, 20),
        revision=1,
        family=Family.RULES,
        reason=wire.Reason.LATE,
        figures=tuple(Figure(measure=m, rule_id=r, value=v) for m, r, v in found),
    )
    figures_lab.Member(session, lab.NANNING).report([daily])

    year, codes = dt.date(2026, 1, 1), [lab.NANNING]
    rules = Reading().rules_hit_most(session, of_service(), year, codes, most=9)

    assert [(one.of, one.count) for one in rules] == [("GX-U10", 5), ("GX-B06", 2)]
    assert differing(session) == 0


def test_twelve_months_end_with_this_one() -> None:
    found = months_before(dt.date(2026, 3, 20), 12)

    assert (found[0], found[-1], len(found)) == (
        dt.date(2025, 4, 1),
        dt.date(2026, 3, 1),
        12,
    )
