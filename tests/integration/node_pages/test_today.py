import datetime as dt

import node_site_lab
import pytest
from node_site_lab import DRAFTER, MONITOR, STRANGER, held_payment

from kuwei_hub.fleet.domain import denial
from kuwei_node.today.domain import LINKS
from kuwei_node.uplink.domain import LinkState
from kuwei_node.uplink.tasks.process import refusal
from kuwei_shared.kernel.clock import business_date

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def arrivals(site: node_site_lab.NodeSite) -> dt.date:
    """Two payments of today, one of them held."""
    day = business_date(site.node.clock)
    common = {"vou_date": str(day), "fiscal_year": day.year}
    site.screen(
        held_payment("T-held", **common),
        held_payment("T-plain", checker_code="u1", **common),
    )
    return day


def test_the_first_page_counts_the_day(
    site: node_site_lab.NodeSite, arrivals: dt.date
) -> None:
    with site.signed_in(MONITOR) as browser:
        page = browser.get("/").text

    assert str(arrivals) in page
    assert "支付 2 笔" in page
    assert "制单与复核为同一人" in page
    assert "无法判定的规则" in page


@pytest.mark.usefixtures("arrivals")
def test_a_node_that_never_met_the_province_says_so(
    site: node_site_lab.NodeSite,
) -> None:
    with site.signed_in(MONITOR) as browser:
        page = browser.get("/").text

    assert "尚未联络" in page
    assert "未经省级确认" in page


@pytest.mark.usefixtures("arrivals")
def test_a_fault_of_the_uplink_is_not_called_a_province_out_of_reach(
    site: node_site_lab.NodeSite,
) -> None:
    error = refusal(ZeroDivisionError())
    with site.node.unit_of_work.begin() as session:
        site.node.standing.failed(session, LinkState.FAULTY, error)

    with site.signed_in(MONITOR) as browser:
        page = browser.get("/").text

    assert "上报程序故障 · 请看日志" in page
    assert "uplink_fault" in page
    assert "无法连接" not in page


@pytest.mark.usefixtures("arrivals")
def test_a_node_that_was_shut_out_says_so_with_the_reason(
    site: node_site_lab.NodeSite,
) -> None:
    error = denial("450102000", "suspended", "设备失窃,已报案")
    with site.node.unit_of_work.begin() as session:
        site.node.standing.failed(session, LinkState.SUSPENDED, error)

    with site.signed_in(MONITOR) as browser:
        page = browser.get("/").text

    assert "已被省级停用" in page
    assert "设备失窃,已报案" in page
    assert "无法连接" not in page


def test_every_way_to_stand_with_the_province_has_words() -> None:
    assert set(LINKS) == set(LinkState)


@pytest.mark.usefixtures("arrivals")
def test_another_bureau_sees_none_of_it(site: node_site_lab.NodeSite) -> None:
    with site.signed_in(STRANGER) as browser:
        page = browser.get("/").text

    assert "支付 0 笔" in page
    assert "您的账号不属于本节点" in page


def test_people_of_this_bureau_are_told_no_such_thing(
    site: node_site_lab.NodeSite,
) -> None:
    with site.signed_in(MONITOR) as browser:
        page = browser.get("/").text

    assert "您的账号不属于本节点" not in page


@pytest.mark.parametrize("days", [1, 7])
def test_a_tile_leads_to_what_it_counts(
    site: node_site_lab.NodeSite, arrivals: dt.date, days: int
) -> None:
    since = arrivals - dt.timedelta(days=days - 1)

    with site.signed_in(MONITOR) as browser:
        page = browser.get("/", params={"days": days}).text

    during = f"since={since}&amp;until={arrivals}"
    assert f'href="/payments?{during}"' in page
    assert f'href="/alerts?{during}"' in page


@pytest.mark.usefixtures("arrivals")
def test_rules_that_run_by_the_calendar_are_counted_by_alerts(
    site: node_site_lab.NodeSite, arrivals: dt.date
) -> None:
    site.alert("GX-B06", "101001", arrivals)

    with site.signed_in(MONITOR) as browser:
        first = browser.get("/").text
        rule = browser.get("/rules/GX-B06").text

    row = first.split(">GX-B06 ")[1].split("</tr>")[0]
    assert '<td class="figure">1</td>' in row
    assert '<td class="figure">—</td>' in first.split("须首先查看的预警")[1]
    assert "近一年各月预警次数" in rule
    assert "/alerts?rule=GX-B06&amp;unit=101001" in rule
    assert "命中的支付" not in rule


@pytest.mark.usefixtures("arrivals")
def test_the_drafting_post_gets_no_way_to_payments(
    site: node_site_lab.NodeSite,
) -> None:
    with site.signed_in(DRAFTER) as browser:
        page = browser.get("/").text

    assert 'href="/payments' not in page
    assert 'href="/holds' not in page
