from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuwei_node.intake.domain.moments import date, dates, moment, moments

DAY = dt.date(2026, 3, 5)
DAYS = st.dates(dt.date(1949, 1, 1), dt.date(2099, 12, 31))


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-05",
        "2026-3-5",
        "2026/3/5",
        "2026.03.05",
        "20260305",
        "2026年3月5日",
        "2026-03-05 00:00:00",
        "2026-03-05T00:00:00",
    ],
)
def test_year_first_dates_need_no_profile(text: str) -> None:
    assert date(text) == DAY


@pytest.mark.parametrize(
    "text",
    ["05/03/2026", "2026-02-30", "2026-13-01", "5 March", "2026-03/05", "0001-1-1"],
)
def test_ambiguous_or_impossible_dates_are_refused(text: str) -> None:
    assert date(text) is None


def test_day_first_is_read_where_the_profile_says_so() -> None:
    assert date("05/03/2026", ("%d/%m/%Y",)) == DAY


def test_a_day_that_does_not_exist_is_not_rolled_over() -> None:
    assert date("31/02/2026", ("%d/%m/%Y",)) is None


@given(st.lists(DAYS, max_size=30))
def test_a_column_reads_as_its_dates_one_by_one(days: list[dt.date]) -> None:
    value, bad = dates(pa.array([day.isoformat() for day in days], pa.string()))

    assert value.to_pylist() == days
    assert not any(bad.to_pylist())


def test_absent_and_unreadable_dates_are_told_apart() -> None:
    value, bad = dates(pa.array(["2026-03-05", None, "soon"]))

    assert value.to_pylist() == [DAY, None, None]
    assert bad.to_pylist() == [False, False, True]


def test_a_time_without_offset_is_beijing_time() -> None:
    assert moment("2026-03-05 08:30:00") == dt.datetime(
        2026, 3, 5, 0, 30, tzinfo=dt.UTC
    )


def test_a_time_with_offset_keeps_its_moment() -> None:
    assert moment("2026-03-05T08:30:00Z") == dt.datetime(
        2026, 3, 5, 8, 30, tzinfo=dt.UTC
    )


@pytest.mark.parametrize(
    "texts",
    [
        ["2026-03-05 10:11:12", "2026-12-31T23:59:59.000001", None],
        ["2026-03-05 10:11:12.5", "2000-01-01 00:00:00"],
        ["2026-03-05 10:11:12", "2026-02-30 10:11:12"],
        ["2026-03-05 25:00:00", "2026-03-05 10:11:12"],
        ["1991-07-01 12:00:00", "2026-03-05 10:11:12"],
        ["2026-03-05 10:11:12+01:00", "2026-03-05 10:11:12"],
        ["2099-12-31 23:00:00", " 2026-03-05 10:11:12 "],
    ],
)
def test_a_column_of_times_reads_as_its_times_one_by_one(
    texts: list[str | None],
) -> None:
    values, bad = moments(pa.array(texts, pa.string()))

    expected = [text and moment(text.strip()) for text in texts]
    assert values.to_pylist() == expected
    pairs = zip(texts, expected, strict=True)
    assert bad.to_pylist() == [text is not None and one is None for text, one in pairs]
