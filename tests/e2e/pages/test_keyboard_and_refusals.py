"""Tables without a mouse, and forms that were refused: nothing is lost."""

import re

import node_site_lab
import pytest
from node_site_lab import DRAFTER, REVIEWER, held_payment
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.e2e


def sign_in(
    page: Page, site: node_site_lab.NodeSite, username: str, to: str = "/"
) -> None:
    page.goto(f"{site.url}{to}")
    page.locator(f'button[value="{username}"]').click()
    page.wait_for_url(f"{site.url}{to}*")


def focused(page: Page) -> str:
    found: str = page.evaluate("document.activeElement.id")
    return found


def test_a_heading_keeps_the_focus_when_it_orders(
    window: Page, county: node_site_lab.NodeSite
) -> None:
    sign_in(window, county, REVIEWER, "/rules")
    window.locator("#sort-rules-title").focus()

    window.keyboard.press("Enter")

    expect(window.locator("th[aria-sort] #sort-rules-title")).to_be_visible()
    assert focused(window) == "sort-rules-title"


def test_the_last_page_gives_the_focus_to_its_rows(
    window: Page, county: node_site_lab.NodeSite
) -> None:
    sign_in(window, county, REVIEWER, "/rules?size=50")
    window.locator("#next-rules").focus()

    window.keyboard.press("Enter")

    expect(window.locator("#prev-rules")).to_be_visible()
    expect(window.locator("#rows-rules")).to_be_focused()


def test_arrow_keys_pass_over_choices_and_enter_takes_one(
    window: Page, county: node_site_lab.NodeSite
) -> None:
    sign_in(window, county, REVIEWER, "/rules")
    window.locator("#filter-rules-severity").focus()

    window.keyboard.press("ArrowDown")
    window.keyboard.press("ArrowDown")
    assert "severity" not in window.url
    window.keyboard.press("Enter")

    expect(window).to_have_url(re.compile("severity=yellow"))
    expect(window.locator("#filter-rules-severity")).to_be_focused()


def test_a_choice_made_with_the_mouse_applies_at_once(
    window: Page, county: node_site_lab.NodeSite
) -> None:
    sign_in(window, county, REVIEWER, "/rules")

    window.locator("#filter-rules-severity").select_option("red")

    expect(window).to_have_url(re.compile("severity=red"))


def test_an_amount_that_is_none_is_mended_where_it_stands(
    window: Page, county: node_site_lab.NodeSite
) -> None:
    county.screen(held_payment("K-find"))
    sign_in(window, county, REVIEWER, "/payments")
    window.get_by_label("支付主键").fill("K-find")
    window.get_by_label("金额不低于").fill("abc")
    window.keyboard.press("Enter")
    expect(window.get_by_role("alert")).to_contain_text("不是金额")

    window.get_by_label("金额不低于").fill("1")
    window.keyboard.press("Enter")

    expect(window.locator("#table-payments tbody tr")).to_have_count(1)
    expect(window.get_by_role("alert")).to_have_count(0)


def test_a_refused_tuning_keeps_what_was_written(
    window: Page, county: node_site_lab.NodeSite
) -> None:
    sign_in(window, county, DRAFTER, "/rules/CT-2")
    window.get_by_label("调整为").fill("30万")
    window.get_by_label("理由").fill("本县体量较小")
    window.get_by_role("button", name="提出调整").click()
    expect(window.get_by_role("alert")).to_contain_text("CT-2")
    expect(window.get_by_label("理由")).to_have_value("本县体量较小")

    window.get_by_label("调整为").fill("30000")
    window.get_by_role("button", name="提出调整").click()

    expect(window.get_by_role("status")).to_contain_text("另一人审批")


def test_a_session_that_ended_leaves_the_reason_where_it_was(
    window: Page, county: node_site_lab.NodeSite
) -> None:
    county.screen(held_payment("K-over"))
    path = f"/payments/{county.seq_of('K-over')}"
    sign_in(window, county, REVIEWER, path)
    window.get_by_label("处理理由").fill("已电话核实,换人复核")
    window.context.clear_cookies(name="kuwei-node-main")
    window.get_by_role("button", name="放行").click()
    expect(window.get_by_role("alert")).to_contain_text("填写的内容仍在下面")

    other = window.context.new_page()
    sign_in(other, county, REVIEWER)
    window.get_by_role("button", name="放行").click()

    expect(window.get_by_role("status")).to_contain_text("已放行支付 K-over")
