"""The navigation promises each person exactly what opens to that person."""

import httpx
import pytest
import web_lab

from kuwei_hub.app import NAVIGATION

pytestmark = pytest.mark.integration


def opened(browser: httpx.Client, paths: set[str]) -> set[str]:
    return {path for path in paths if browser.get(path).status_code == 200}


@pytest.mark.parametrize("username", web_lab.demo_accounts())
def test_an_entry_is_shown_exactly_where_its_page_opens(
    site: web_lab.Site, username: str
) -> None:
    entries = {item.path for item in NAVIGATION}

    with site.signed_in(username) as browser:
        shown = web_lab.promised(browser.get("/").text) & entries
        able = opened(browser, entries)

    assert shown == able


def test_the_log_is_promised_to_the_provinces_auditor_alone(
    site: web_lab.Site,
) -> None:
    found = set()
    for username in web_lab.demo_accounts():
        with site.signed_in(username) as browser:
            if "/audit" in web_lab.promised(browser.get("/").text):
                found.add(username)

    assert found == {"province-auditor"}


def test_a_refusal_promises_no_more_than_a_page(site: web_lab.Site) -> None:
    with site.signed_in("450100-auditor") as browser:
        refused = browser.get("/audit")

    assert refused.status_code == 403
    assert web_lab.promised(refused.text) == {
        "/",
        "/territory",
        "/catalogue",
        "/releases",
    }
