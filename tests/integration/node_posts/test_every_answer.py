"""What every page and every form of a node has in common, found from its routes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from node_site_lab import held_payment
from pace import PATIENCE_S
from post_lab import REASON, Office

from kuwei_node import app as node_app
from kuwei_shared.identity.roles import Role

pytestmark = pytest.mark.integration

PAGES = (
    *("/", "/?days=30", "/payments", "/payments/1", "/holds", "/holds/done"),
    *("/alerts", "/alerts/1", "/rules", "/rules/GX-U10", "/rules/GX-U14"),
    *("/rules/proposals", "/runs", "/imports", "/audit", "/payments/999", "/nothing"),
)
OPEN_TO_ALL = ("/auth/", "/v1/", "/healthz", "/readyz", "/metrics")
FILLED_IN = {"seq": "1", "number": "1", "rule_id": "GX-U14", "form": "csv"}


def addresses(office: Office, method: str) -> list[str]:
    """Return every address of the pages that takes a method, numbers filled in."""
    app = node_app.create(office.node)
    paths = [
        one.path
        for one in _every(app.routes)
        if method in (one.methods or ()) and not one.path.startswith(OPEN_TO_ALL)
    ]
    return sorted(
        re.sub(r"{(\w+)(?::\w+)?}", lambda m: FILLED_IN[m[1]], one) for one in paths
    )


def _every(routes: Iterable[object]) -> Iterator[APIRoute]:
    for one in routes:
        if isinstance(one, APIRoute):
            yield one
        # An included router keeps its routes to itself.
        yield from _every(getattr(one, "original_router", APIRouter()).routes)


@pytest.fixture(scope="module")
def auditor(office: Office) -> Iterator[httpx.Client]:
    with office.post(Role.AUDITOR) as browser:
        yield browser


@pytest.mark.parametrize("path", PAGES)
def test_every_page_forbids_what_it_does_not_need(
    auditor: httpx.Client, path: str
) -> None:
    heads = auditor.get(path).headers
    policy = heads["content-security-policy"]

    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert heads["cache-control"] == "no-store"
    assert heads["x-frame-options"] == "DENY"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_inline_script_or_style(auditor: httpx.Client, path: str) -> None:
    page = auditor.get(path).text

    assert not re.search(r"<script(?![^>]*\b(src=|type=\"application/json\"))", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|javascript:", page)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.DATA_STEWARD, Role.RULE_DRAFTER])
def test_every_form_that_posts_carries_the_token(office: Office, role: Role) -> None:
    with office.post(role) as browser:
        pages = [browser.get(path).text for path in PAGES]

    forms = re.findall(
        r"<form[^>]*method=\"post\".*?</form>", " ".join(pages), re.DOTALL
    )
    assert forms
    assert all('name="csrf_token"' in form for form in forms)


def test_no_address_takes_a_form_without_the_token(office: Office) -> None:
    found = addresses(office, "POST")

    for path in found:
        for role in (Role.LEADER, Role.DATA_STEWARD, Role.RULE_DRAFTER):
            with office.post(role) as browser:
                del browser.headers["x-csrf-token"]
                assert browser.post(path, data={"reason": REASON}).status_code == 403
    assert len(found) >= 8


def test_no_address_takes_a_form_another_site_sends(office: Office) -> None:
    for path in addresses(office, "POST"):
        with office.post(Role.LEADER) as browser:
            browser.headers["sec-fetch-site"] = "cross-site"
            assert browser.post(path, data={"reason": REASON}).status_code == 403


def test_every_page_sends_a_stranger_to_the_login(office: Office) -> None:
    with httpx.Client(
        base_url=office.url, trust_env=False, timeout=PATIENCE_S
    ) as browser:
        browser.headers["accept"] = "text/html"
        places = {p: browser.get(p) for p in addresses(office, "GET")}

    strangers = {p for p, one in places.items() if one.status_code != 303}
    assert strangers == set()
    assert len(places) >= 15


def test_no_stranger_posts_anywhere(office: Office) -> None:
    with httpx.Client(
        base_url=office.url, trust_env=False, timeout=PATIENCE_S
    ) as browser:
        answers = {browser.post(p).status_code for p in addresses(office, "POST")}

    assert answers == {401}


def test_what_a_payment_says_is_text_and_never_markup(office: Office) -> None:
    hostile = {
        "payee_acct_name": "<script>alert(1)</script>",
        "use_des": "<b onload=x>",
    }
    office.screen(held_payment("O-markup", **hostile))

    pages = [
        office.read(path, Role.REVIEWER).text
        for path in ("/payments?number=O-markup", "/holds?unit=101001", "/payments")
    ]

    assert all("<script>alert" not in page for page in pages)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages[0]
