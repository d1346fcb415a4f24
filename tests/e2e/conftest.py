"""A real browser; tests of pages skip, saying why, where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import embedded
import node_site_lab
import pytest
import web_lab
from pace import PATIENCE_S
from playwright.sync_api import Browser, Page, expect, sync_playwright

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = {1366: 768, 1920: 1080}
PATIENCE_MS = PATIENCE_S * 1000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The installed Chromium; gone with the file, for its event loop stays open."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=path, args=ARGUMENTS, timeout=PATIENCE_MS
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[web_lab.Site]:
    """The hub of the demonstration province."""
    folder: Path = tmp_path_factory.mktemp("hub")
    with web_lab.province_site(postgres, "hub_e2e", folder) as found:
        yield found


@pytest.fixture(scope="session")
def county(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[node_site_lab.NodeSite]:
    """A county's node with the standard catalogue in force."""
    folder: Path = tmp_path_factory.mktemp("node")
    with node_site_lab.county_site(postgres, "node_e2e", folder) as found:
        yield found


@pytest.fixture(params=sorted(WIDTHS))
def screen(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh browser window, at each width officials use."""
    width: int = request.param
    size = {"width": width, "height": WIDTHS[width]}
    context = chromium.new_context(viewport=size, locale="zh-CN")  # type: ignore[arg-type]  # a TypedDict of the two
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda said: faults.append(said.text) if said.type == "error" else None,
    )
    yield page
    context.close()
    assert not faults


@pytest.fixture
def window(chromium: Browser) -> Iterator[Page]:
    """One fresh browser window at the smaller width."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768})
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def plain(chromium: Browser) -> Iterator[Page]:
    """A window of a browser that runs no scripts."""
    context = chromium.new_context(java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()
