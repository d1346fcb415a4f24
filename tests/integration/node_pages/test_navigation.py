"""The navigation promises each person exactly what opens to that person."""

import re

import httpx
import pytest
import web_lab
from node_site_lab import AUDITOR, MONITOR, NodeSite

from kuwei_node.app import NAVIGATION

pytestmark = pytest.mark.integration


def opened(browser: httpx.Client, paths: set[str]) -> set[str]:
    return {path for path in paths if browser.get(path).status_code == 200}


@pytest.mark.parametrize("username", web_lab.demo_accounts())
def test_an_entry_is_shown_exactly_where_its_page_opens(
    site: NodeSite, username: str
) -> None:
    entries = {item.path for item in NAVIGATION}

    with site.signed_in(username) as browser:
        shown = web_lab.promised(browser.get("/").text) & entries
        able = opened(browser, entries)

    assert shown == able


@pytest.mark.parametrize("username", web_lab.demo_accounts())
def test_a_tab_is_shown_exactly_where_its_page_opens(
    site: NodeSite, username: str
) -> None:
    tabs = {"/rules", "/rules/proposals", "/runs"}

    with site.signed_in(username) as browser:
        shown = web_lab.promised(browser.get("/rules").text) & tabs
        able = opened(browser, tabs)

    assert shown == able


def test_scheduled_runs_belong_to_the_rules(site: NodeSite) -> None:
    with site.signed_in(MONITOR) as browser:
        page = browser.get("/runs").text

    assert re.search(r'href="/rules" aria-current="page"', page)


def test_the_bureaus_auditor_is_shown_its_log(site: NodeSite) -> None:
    with site.signed_in(AUDITOR) as browser:
        page = browser.get("/").text

    assert "/audit" in web_lab.promised(page)
