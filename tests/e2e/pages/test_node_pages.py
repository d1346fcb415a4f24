import re

import node_site_lab
import pytest
from node_site_lab import DRAFTER, REVIEWER, STEWARD, held_payment
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.e2e

PAGES = (
    "/",
    "/payments",
    "/holds",
    "/holds/done",
    "/alerts",
    "/imports",
    "/rules",
    "/rules/GX-U10",
    "/rules/proposals",
    "/runs",
)
SHEET = (
    "支付主键,支付环节,记录性质,财政区划代码,预算年度,业务日期,预算单位代码,支付金额\n"
    "E-1,voucher,normal,450102000,2026,2026-04-01,103001,120.50\n"
)


def sign_in(
    page: Page, site: node_site_lab.NodeSite, username: str, to: str = "/"
) -> None:
    page.goto(f"{site.url}{to}")
    page.locator(f'button[value="{username}"]').click()
    page.wait_for_url(f"{site.url}{to}*")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_shows_whole_and_without_a_fault(
    screen: Page, county: node_site_lab.NodeSite, path: str
) -> None:
    sign_in(screen, county, REVIEWER, path)

    expect(screen.locator("h1")).to_be_visible()
    script = "document.documentElement.scrollWidth > window.innerWidth"
    assert not screen.evaluate(script)


def test_a_reviewer_releases_a_held_payment(
    screen: Page, county: node_site_lab.NodeSite
) -> None:
    width = screen.evaluate("window.innerWidth")
    county.screen(held_payment(f"E-held-{width}"))
    sign_in(screen, county, REVIEWER, "/holds")

    screen.get_by_role("link", name=f"E-held-{width}").click()
    expect(screen.get_by_text("据此暂缓").first).to_be_visible()
    screen.get_by_label("处理理由").fill("已电话核实,换人复核")
    screen.get_by_role("button", name="放行").click()

    expect(screen.get_by_role("status")).to_contain_text("已放行")
    left = screen.locator("tbody").get_by_text(f"E-held-{width}")
    expect(left).to_have_count(0)


def test_a_decision_that_was_linked_to_stands_clear_of_the_frame(
    screen: Page, county: node_site_lab.NodeSite
) -> None:
    name = f"E-linked-{screen.evaluate('window.innerWidth')}"
    county.screen(held_payment(name))
    path = f"/payments/{county.seq_of(name)}"
    sign_in(screen, county, REVIEWER, path)
    screen.set_viewport_size({"width": 1366, "height": 400})

    screen.goto(f"{county.url}{path}#decision")

    frame = screen.locator("header.top").bounding_box()
    decision = screen.locator("#decision").bounding_box()
    assert frame is not None
    assert decision is not None
    assert decision["y"] >= frame["y"] + frame["height"]


def test_a_held_payment_is_refused_without_javascript(
    plain: Page, county: node_site_lab.NodeSite
) -> None:
    county.screen(held_payment("E-plain"))
    sign_in(plain, county, REVIEWER, f"/payments/{county.seq_of('E-plain')}")

    plain.get_by_label("处理理由").fill("制单复核一人,退回")
    plain.get_by_role("button", name="拒付").click()

    expect(plain.get_by_role("status")).to_contain_text("已拒付")


def test_a_filter_keeps_the_page_and_can_be_bookmarked(
    window: Page, county: node_site_lab.NodeSite
) -> None:
    county.screen(held_payment("E-find"))
    sign_in(window, county, REVIEWER, "/payments")

    window.get_by_label("支付主键").fill("E-find")
    window.get_by_role("button", name="查询").click()

    expect(window.locator("#table-payments tbody tr")).to_have_count(1)
    expect(window).to_have_url(re.compile("number=E-find"))


def test_an_import_finishes_before_the_stewards_eyes(
    window: Page, county: node_site_lab.NodeSite
) -> None:
    sign_in(window, county, STEWARD, "/imports")
    file = {"name": "四月.csv", "mimeType": "text/csv", "buffer": SHEET.encode()}

    window.locator('input[type="file"]').set_input_files(file)  # type: ignore[arg-type]  # a TypedDict of the three
    window.get_by_role("button", name="提交导入").click()
    expect(window.get_by_text("等待导入").first).to_be_visible()
    county.run_imports()

    expect(window.get_by_text("完成于")).to_be_visible()


def test_a_second_person_puts_a_tuning_in_force(
    window: Page, county: node_site_lab.NodeSite
) -> None:
    sign_in(window, county, DRAFTER, "/rules/GX-U10")
    window.get_by_label("调整为").fill("8,000,000")
    window.get_by_label("理由").fill("本县体量较小")
    window.get_by_role("button", name="提出调整").click()
    expect(window.get_by_text("等待另一人审批")).to_be_visible()
    window.get_by_role("button", name="退出").click()
    expect(window.get_by_text("请选择岗位")).to_be_visible()

    sign_in(window, county, REVIEWER, "/rules/proposals")
    window.get_by_role("button", name="批准").click()

    expect(window.get_by_role("status")).to_contain_text("即时生效")
