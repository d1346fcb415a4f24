import re

import httpx
import pytest
import web_lab
from pace import PATIENCE_S

pytestmark = pytest.mark.integration


def test_every_answer_carries_a_strict_content_policy(site: web_lab.Site) -> None:
    with site.signed_in("province-monitor") as browser:
        policy = browser.get("/territory").headers["content-security-policy"]

    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert f"form-action 'self' {site.issuer}" in policy


def test_pages_hold_no_inline_script_or_style(site: web_lab.Site) -> None:
    with site.signed_in("province-monitor") as browser:
        page = browser.get("/territory").text

    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)


def test_browser_files_are_kept_for_long_under_their_hash(site: web_lab.Site) -> None:
    with site.signed_in("province-monitor") as browser:
        page = browser.get("/territory").text
        address = re.search(r'href="(/static/app\.[0-9a-f]{10}\.css)"', page)
        assert address is not None
        answer = browser.get(address[1])

    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]


def test_static_files_cannot_be_reached_by_another_name(site: web_lab.Site) -> None:
    with site.browser() as browser:
        plain = browser.get("/static/app.css")
        above = browser.get("/static/..%2f..%2fapp.py")

    assert plain.status_code == above.status_code == 404


def test_a_fragment_is_the_block_of_its_page(site: web_lab.Site) -> None:
    with site.signed_in("province-monitor") as browser:
        part = browser.get("/territory", headers={"HX-Request": "true"}).text

    assert "<html" not in part
    assert 'id="table-jurisdictions"' in part


def test_a_fragment_without_a_session_sends_the_whole_page_to_log_in(
    site: web_lab.Site,
) -> None:
    with site.browser() as browser:
        answer = browser.get("/territory", headers={"HX-Request": "true"})

    assert answer.status_code == 204
    assert answer.headers["hx-redirect"].startswith("/auth/login?back=")


def test_a_machine_gets_a_problem_document(site: web_lab.Site) -> None:
    answer = httpx.get(f"{site.url}/v1/nothing", trust_env=False, timeout=PATIENCE_S)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:kuwei:web.http_404"


def test_a_bad_sort_is_refused_in_words(site: web_lab.Site) -> None:
    with site.signed_in("province-monitor") as browser:
        answer = browser.get("/territory", params={"sort": "1;drop"})

    assert answer.status_code == 400
    assert "table.bad_sort" in answer.text


def test_health_readiness_and_metrics_are_answered(site: web_lab.Site) -> None:
    with site.browser() as browser:
        health = browser.get("/healthz")
        ready = browser.get("/readyz")
        figures = browser.get("/metrics")

    assert health.json() == {"status": "ok"}
    assert ready.json() == {"status": "ready"}
    assert 'kuwei_http_requests_total{method="GET",route="/healthz"' in figures.text
