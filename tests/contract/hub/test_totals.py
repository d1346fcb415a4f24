"""Totals hold however many jurisdictions and stages there are."""

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from kuwei_hub.overview.domain import tallied
from kuwei_hub.statistics.domain import SUMS_MAX, Question
from kuwei_hub.statistics.models import Statistic
from kuwei_hub.statistics.service.reading import Reading
from kuwei_shared.identity.scope import of_service
from kuwei_shared.wire.statistics import Measure, Stage

pytestmark = pytest.mark.integration
DAY = dt.date(2026, 3, 20)
MEASURES = (Measure.PAYMENTS, Measure.SCREENED)


def figure(number: int, measure: Measure, stage: Stage, value: int) -> Statistic:
    return Statistic(
        mof_div_code=f"45{number:04}000",
        business_day=DAY,
        family="screening",
        measure=measure,
        stage=stage,
        value=value,
    )


def figures_of(number: int) -> list[Statistic]:
    """Return a place's; every second sees most payments as requests."""
    at = {Stage.REQUEST: 3 if number % 2 else 1, Stage.VOUCHER: 2}
    return [
        figure(number, measure, stage, value)
        for measure in MEASURES
        for stage, value in at.items()
    ]


def test_payments_count_once_a_jurisdiction_and_screenings_at_every_stage(
    session: Session,
) -> None:
    count = SUMS_MAX // 4 + 1
    for number in range(count):
        session.add_all(figures_of(number))
    question = Question(since=DAY, until=DAY, measures=MEASURES)

    found = tallied(Reading().totals(session, of_service(), question))

    odd, even = count // 2, count - count // 2
    assert found.figures[Measure.PAYMENTS] == 3 * odd + 2 * even
    assert found.figures[Measure.SCREENED] == 5 * odd + 3 * even
