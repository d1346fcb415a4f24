from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import web_lab

pytestmark = pytest.mark.integration


def begin(browser: httpx.Client) -> tuple[dict[str, str], str]:
    """Start a login; return what the provider was asked and the code it gives."""
    page = browser.get("/auth/login")
    asked = dict(page.url.params)
    form = asked | {"username": "province-monitor"}
    address = page.url.copy_with(query=None)
    answer = browser.post(address, data=form, follow_redirects=False)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    return asked, code


def test_a_stranger_is_sent_to_log_in_and_comes_back(site: web_lab.Site) -> None:
    with site.browser() as browser:
        page = browser.get("/territory?level=county")
        landed = web_lab.sign_in(browser, "province-monitor", "/territory?level=county")

    assert "请选择岗位" in page.text
    assert str(landed.url) == f"{site.url}/territory?level=county"
    assert "兴宁区" in landed.text


def test_the_code_is_asked_for_with_a_pkce_challenge(site: web_lab.Site) -> None:
    with site.browser() as browser:
        asked, _ = begin(browser)

    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert asked["nonce"] != asked["state"]


def test_an_answer_with_another_state_is_refused(site: web_lab.Site) -> None:
    with site.browser() as browser:
        _, code = begin(browser)
        answer = browser.get("/auth/callback", params={"state": "x", "code": code})

    assert answer.status_code == 401
    assert "identity.login_mismatch" in answer.text


def test_an_answer_in_a_browser_that_did_not_ask_is_refused(
    site: web_lab.Site,
) -> None:
    with site.browser() as asking, site.browser() as other:
        asked, code = begin(asking)
        query = {"state": asked["state"], "code": code}
        answer = other.get("/auth/callback", params=query)

    assert answer.status_code == 401
    assert "identity.login_mismatch" in answer.text


def test_a_code_of_another_attempt_fails_on_its_verifier(site: web_lab.Site) -> None:
    with site.browser() as first, site.browser() as second:
        _, stolen = begin(first)
        asked, _ = begin(second)
        query = {"state": asked["state"], "code": stolen}
        answer = second.get("/auth/callback", params=query)

    assert answer.status_code == 401
    assert "identity.code_refused" in answer.text


def test_a_code_works_once(site: web_lab.Site) -> None:
    with site.browser() as browser:
        asked, code = begin(browser)
        query = {"state": asked["state"], "code": code}
        cookies = dict(browser.cookies)
        first = browser.get("/auth/callback", params=query)
        browser.cookies.update(cookies)
        again = browser.get("/auth/callback", params=query)

    assert first.status_code != 401
    assert again.status_code == 401


def test_a_login_makes_a_new_session_and_token(site: web_lab.Site) -> None:
    with site.browser() as browser:
        before = web_lab.sign_in(browser, "province-monitor")
        after = web_lab.sign_in(browser, "province-monitor")

    assert web_lab.csrf_token(before) != web_lab.csrf_token(after)


def test_signing_out_ends_the_session_and_is_recorded(site: web_lab.Site) -> None:
    with site.browser() as browser:
        page = web_lab.sign_in(browser, "province-leader")
        form = {"csrf_token": web_lab.csrf_token(page)}
        browser.post("/auth/logout", data=form)
        asked_again = browser.get("/territory")
    with site.signed_in("province-auditor") as auditor:
        log = auditor.get("/audit", params={"actor": "province-leader"})

    assert "请选择岗位" in asked_again.text
    assert "退出" in log.text
    assert "前后相连" in log.text


def test_the_way_back_never_leaves_this_site(site: web_lab.Site) -> None:
    with site.browser() as browser:
        landed = web_lab.sign_in(browser, "province-monitor", "//evil.example/x")

    assert str(landed.url).startswith(site.url)
