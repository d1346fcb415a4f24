import datetime as dt
from decimal import Decimal

import pytest

from kuwei_shared.web import formats


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal(20_000_000), "20,000,000.00"),
        (Decimal("-0.005"), "-0.01"),
        (None, "—"),
    ],
)
def test_money_is_written_to_the_fen(value: Decimal | None, written: str) -> None:
    assert formats.money(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal(34582000000), "345.82 亿元"),
        (Decimal(-23450), "-2.35 万元"),
        (Decimal("99.5"), "99.50 元"),
        (None, "—"),
    ],
)
def test_big_money_uses_the_unit_people_say(
    value: Decimal | None, written: str
) -> None:
    assert formats.big_money(value) == written


def test_a_share_of_nothing_is_a_dash() -> None:
    assert formats.share(1, 0) == "—"
    assert formats.share(None, 5) == "—"
    assert formats.share(1, 3) == "33.33%"


def test_moments_are_shown_in_beijing_time() -> None:
    moment = dt.datetime(2026, 12, 31, 20, 30, tzinfo=dt.UTC)

    assert formats.moment(moment) == "2027-01-01 04:30"
    assert formats.moment(None) == formats.day(None) == "—"


def test_missing_is_a_dash_and_zero_is_not() -> None:
    assert formats.count(0) == "0"
    assert formats.count(None) == formats.or_dash("") == "—"
    assert formats.figure(Decimal("1000000.00")) == "1,000,000.00"


def test_ages_use_the_largest_fitting_unit() -> None:
    spans = [None, 5, 90, 7_200, 200_000]

    assert [formats.age(s) for s in spans] == [
        "—",
        "刚刚",
        "1 分钟前",
        "2 小时前",
        "2 天前",
    ]


def test_codes_are_shown_by_title_and_unknown_ones_as_they_are() -> None:
    assert formats.FILTERS["severity"]("red") == "红色暂缓"
    assert formats.FILTERS["level"]("moon") == "moon"
    assert formats.FILTERS["status"](None) == "—"
    assert formats.timing("request、receipt") == "支付申请、银行回单"
