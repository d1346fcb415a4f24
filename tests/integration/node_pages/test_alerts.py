import re

import node_site_lab
import pytest
from node_site_lab import MONITOR, STEWARD, STRANGER, held_payment

pytestmark = pytest.mark.integration

LARGE = {"pay_amt": "21000000.00", "checker_code": "u1", "agency_code": "102009"}


@pytest.fixture(scope="module")
def raised(site: node_site_lab.NodeSite) -> None:
    """An alert on a large payment of a unit no other test uses."""
    site.screen(held_payment("A-large", agency_name="兴宁区水利局", **LARGE))


def listing(site: node_site_lab.NodeSite, who: str, **filters: str) -> str:
    with site.signed_in(who) as browser:
        return browser.get("/alerts", params=filters).text


@pytest.mark.usefixtures("raised")
@pytest.mark.parametrize(
    "filters",
    [
        {"rule": "GX-U10", "unit": "102009"},
        {"severity": "yellow", "unit": "102009"},
        {"since": "2026-03-05", "until": "2026-03-05", "unit": "102009"},
    ],
)
def test_an_alert_is_found_by_rule_severity_unit_and_period(
    site: node_site_lab.NodeSite, filters: dict[str, str]
) -> None:
    text = listing(site, MONITOR, **filters)

    assert "大额支付" in text
    assert "兴宁区水利局" in text


@pytest.mark.usefixtures("raised")
def test_an_alert_outside_the_period_is_not_listed(
    site: node_site_lab.NodeSite,
) -> None:
    text = listing(site, MONITOR, until="2026-03-04", unit="102009")

    assert "没有符合条件的预警" in text


@pytest.mark.usefixtures("raised")
def test_the_page_says_why_in_a_sentence_and_names_the_payments(
    site: node_site_lab.NodeSite,
) -> None:
    with site.signed_in(MONITOR) as browser:
        found = browser.get("/alerts", params={"rule": "GX-U10", "unit": "102009"})
        path = re.search(r"/alerts/\d+", found.text)
        assert path is not None
        page = browser.get(path[0]).text

    assert "单笔支付 21,000,000.00 元" in page
    assert "大额标准" in page
    assert "A-large" in page


@pytest.mark.usefixtures("raised")
def test_another_bureau_sees_no_alert(site: node_site_lab.NodeSite) -> None:
    text = listing(site, STRANGER)

    assert "没有符合条件的预警" in text


def test_the_data_steward_exports_no_alerts(site: node_site_lab.NodeSite) -> None:
    with site.signed_in(STEWARD) as browser:
        answer = browser.get("/alerts/export.xlsx")

    assert answer.status_code == 403
