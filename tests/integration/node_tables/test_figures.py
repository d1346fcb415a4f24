"""Figures of pages against what is known to have been screened and decided."""

from __future__ import annotations

import html
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from full_node_lab import Full
from post_lab import ELSEWHERE, TOWNSHIP

from kuwei_shared.identity.roles import Role

pytestmark = pytest.mark.integration

RECEIPTS = 11
"""Of 99.30 yuan each, on 20 June, the latest day; three incomplete vouchers were held
on 10 June."""


def tiles(page: str) -> dict[str, tuple[str, str]]:
    """Return each tile's figure and detail by its label."""
    parts = re.findall(
        r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>\s*(?:<dd class=\"detail\">(.*?)</dd>)?",
        page,
        re.DOTALL,
    )
    return {
        label: (re.sub(r"<[^>]+>", "", figure), detail)
        for label, figure, detail in parts
    }


# Any: what a chart was given.
def charts(page: str) -> dict[str, dict[str, Any]]:
    """Return the charts of a page by title."""
    found = re.findall(
        r"<figcaption>(.*?)</figcaption>\s*<div[^>]*data-chart=\"(.*?)\"", page
    )
    return {title: json.loads(html.unescape(data)) for title, data in found}


@pytest.mark.parametrize(
    ("days", "label", "figure", "detail"),
    [
        (1, "审核笔次", "11", "支付 11 笔"),
        (1, "支付金额", "1,092.30 元", ""),
        (1, "暂缓 / 拒绝", "0 / 0", ""),
        (1, "预警", "1", "红 0 · 橙 0 · 黄 1 · 灰 0"),
        (1, "命中率", "100.00%", "至少命中一条规则的笔次 11"),
        (30, "审核笔次", "14", "支付 11 笔"),
        (30, "暂缓 / 拒绝", "3 / 0", ""),
        (30, "预警", "7", "红 3 · 橙 3 · 黄 1 · 灰 0"),
        (1, "待处理", "11", ""),
        (30, "待处理", "11", ""),
    ],
)
def test_a_tile_counts_what_happened_in_its_span(
    full: Full, days: int, label: str, figure: str, detail: str
) -> None:
    shown = tiles(full.see(f"/?days={days}"))

    assert shown[label][0] == figure
    assert detail in shown[label][1]


def test_the_trend_shows_each_day_where_it_belongs(full: Full) -> None:
    shown = charts(full.see("/"))

    screened = shown["近 30 日审核笔次"]
    days = screened["categories"]
    by_day = dict(zip(days, screened["series"][0]["values"], strict=True))
    assert (len(days), days[-1]) == (30, "6-20")
    assert {day: n for day, n in by_day.items() if n} == {"6-10": 3, "6-20": RECEIPTS}


def test_money_of_a_day_is_less_what_was_refused(full: Full) -> None:
    shown = charts(full.see("/"))["近 30 日支付金额"]

    by_day = dict(zip(shown["categories"], shown["series"][0]["values"], strict=True))
    paid = {day: Decimal(str(value)) for day, value in by_day.items() if value}
    # T-05, T-11 and T-17 of 10 June; T-11 was refused.
    assert paid == {"6-10": Decimal("12.00"), "6-20": Decimal("1092.30")}


def test_rules_that_hit_most_come_first(full: Full) -> None:
    shown = charts(full.see("/?days=30"))["命中最多的规则"]

    names = [name.split()[0] for name in shown["categories"]]
    assert dict(zip(names, shown["series"][0]["values"], strict=True)) == {
        "SX-5": RECEIPTS,
        "GX-U12": 3,
        "GX-U14": 3,
    }
    assert names[0] == "SX-5"


def test_the_strongest_alerts_are_looked_at_first(full: Full) -> None:
    page = full.see("/?days=30")

    rules = re.findall(r"<span class=\"aside\">(SX-5|GX-U14)</span>", page)
    assert rules == ["GX-U14", "GX-U14", "GX-U14", "SX-5"]


def test_rules_that_could_not_be_computed_are_counted(full: Full) -> None:
    page = full.see("/")

    part = page[page.index('id="open"') :]
    counts = dict(
        re.findall(
            r"/rules/([\w-]+)\">.*?class=\"figure\">([\d,]+)</td>", part, re.DOTALL
        )
    )
    assert counts
    assert set(counts.values()) == {str(RECEIPTS)}


@pytest.mark.parametrize("code", [ELSEWHERE, TOWNSHIP])
def test_who_sees_another_jurisdiction_sees_no_figure_of_this_one(
    full: Full, code: str
) -> None:
    page = full.office.read("/?days=30", Role.MONITOR, code).text

    shown = tiles(page)
    assert shown["审核笔次"][0] == shown["预警"][0] == shown["待处理"][0] == "0"
    assert shown["命中率"][0] == "—"


def test_a_rules_page_counts_its_hits_by_month_and_unit(full: Full) -> None:
    page = full.see("/rules/GX-U14")

    shown = charts(page)["近一年各月命中笔次"]
    by_month = dict(zip(shown["categories"], shown["series"][0]["values"], strict=True))
    units = re.findall(
        r"<span class=\"aside\">(10100\d)</span></td>\s*<td[^>]*>(\d+)", page
    )
    months = {f"2026-{n:02}": 4 for n in (2, 3, 4, 5)}
    assert {month: n for month, n in by_month.items() if n} == months | {
        "2026-01": 3,
        "2026-06": 3,
    }
    assert (shown["categories"][0], shown["categories"][-1]) == ("2025-08", "2026-07")
    assert units == [("101001", "11"), ("101002", "11")]
