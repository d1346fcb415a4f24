import re

import pytest
import web_lab
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.e2e


def sign_in(page: Page, site: web_lab.Site, username: str, to: str = "/") -> None:
    page.goto(f"{site.url}{to}")
    page.locator(f'button[value="{username}"]').click()
    page.wait_for_url(f"{site.url}{to}*")


def has_sideways_scroll(page: Page) -> bool:
    script = "document.documentElement.scrollWidth > window.innerWidth"
    return bool(page.evaluate(script))


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/territory",
        "/territory/450102000",
        "/catalogue",
        "/catalogue/GX-U10",
        "/releases",
        "/releases/rollout",
    ],
)
def test_a_page_shows_whole_and_without_a_fault(
    screen: Page, site: web_lab.Site, path: str
) -> None:
    sign_in(screen, site, "province-monitor", path)

    expect(screen.locator("h1")).to_be_visible()
    assert not has_sideways_scroll(screen)


def test_charts_are_drawn_and_said_again_in_a_table(
    screen: Page, site: web_lab.Site
) -> None:
    sign_in(screen, site, "province-leader")

    expect(screen.locator("[data-chart] canvas")).to_have_count(4)
    screen.locator(".chart summary").first.click()
    expect(screen.locator(".chart tbody").first).to_contain_text("12月")


def test_the_keyboard_opens_and_closes_a_level_of_the_tree(
    screen: Page, site: web_lab.Site
) -> None:
    sign_in(screen, site, "province-leader")
    nanning = screen.get_by_role("link", name=re.compile("^南宁市本级的"))

    nanning.focus()
    height = screen.evaluate("window.scrollY")
    screen.keyboard.press("Enter")
    expect(screen.get_by_role("link", name="兴宁区", exact=True)).to_be_visible()
    expect(nanning).to_be_focused()
    expect(screen).to_have_url(re.compile("open=450100000"))
    assert screen.evaluate("window.scrollY") == height
    assert not has_sideways_scroll(screen)

    screen.keyboard.press("Enter")
    expect(screen.get_by_role("link", name="兴宁区", exact=True)).to_have_count(0)


def test_the_tree_opens_without_javascript(plain: Page, site: web_lab.Site) -> None:
    sign_in(plain, site, "province-leader")

    plain.get_by_role("link", name=re.compile("^南宁市本级的")).click()

    expect(plain.get_by_role("link", name="兴宁区", exact=True)).to_be_visible()


def test_sorting_replaces_the_table_and_can_be_bookmarked(
    screen: Page, site: web_lab.Site
) -> None:
    sign_in(screen, site, "province-monitor", "/territory")

    screen.get_by_role("link", name=re.compile("名称")).click()

    expect(screen.locator('th[aria-sort="ascending"]')).to_contain_text("名称")
    expect(screen).to_have_url(re.compile("sort=name"))


def test_a_filter_applies_when_chosen(screen: Page, site: web_lab.Site) -> None:
    sign_in(screen, site, "province-monitor", "/territory")

    screen.get_by_label("级次").select_option("city")

    expect(screen.locator("#table-jurisdictions tbody tr")).to_have_count(2)
    expect(screen).to_have_url(re.compile("level=city"))


def test_pages_work_without_javascript(plain: Page, site: web_lab.Site) -> None:
    sign_in(plain, site, "province-monitor", "/territory")

    plain.get_by_label("级次").select_option("county")
    plain.get_by_role("button", name="查询").click()

    expect(plain.locator("#table-jurisdictions tbody tr")).to_have_count(3)


def test_the_keyboard_reaches_the_content_first(
    window: Page, site: web_lab.Site
) -> None:
    sign_in(window, site, "province-monitor")

    window.keyboard.press("Tab")
    expect(window.locator(".skip-link")).to_be_focused()
    window.keyboard.press("Enter")

    expect(window.locator("main")).to_be_focused()


def test_a_person_signs_out(window: Page, site: web_lab.Site) -> None:
    sign_in(window, site, "province-monitor")

    window.get_by_role("button", name="退出").click()

    expect(window.get_by_text("请选择岗位")).to_be_visible()
