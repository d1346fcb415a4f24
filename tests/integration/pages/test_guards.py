import pytest
import web_lab

pytestmark = pytest.mark.integration


def test_a_form_without_the_token_is_refused(site: web_lab.Site) -> None:
    with site.signed_in("province-monitor") as browser:
        answer = browser.post("/auth/logout", data={})
        still_in = browser.get("/territory")

    assert answer.status_code == 403
    assert "identity.csrf" in answer.text
    assert "财政区划" in still_in.text


def test_a_form_with_a_token_of_another_session_is_refused(site: web_lab.Site) -> None:
    with (
        site.signed_in("province-monitor") as browser,
        site.signed_in("province-leader") as other,
    ):
        stolen = web_lab.csrf_token(other.get("/territory"))
        answer = browser.post("/auth/logout", data={"csrf_token": stolen})

    assert answer.status_code == 403


def test_the_header_of_an_htmx_request_carries_the_token_too(
    site: web_lab.Site,
) -> None:
    with site.signed_in("province-monitor") as browser:
        token = web_lab.csrf_token(browser.get("/territory"))
        headers = {"X-CSRF-Token": token}
        answer = browser.post("/auth/logout", headers=headers, follow_redirects=False)

    assert answer.status_code == 303


def test_the_audit_log_is_for_the_auditor_alone(site: web_lab.Site) -> None:
    with site.signed_in("province-leader") as browser:
        answer = browser.get("/audit")

    assert answer.status_code == 403
    assert "内控审计岗办理" in answer.text


@pytest.mark.parametrize("username", ["450100-auditor", "450102-auditor"])
def test_another_bureaus_auditor_does_not_read_the_provinces_log(
    site: web_lab.Site, username: str
) -> None:
    with site.signed_in(username) as browser:
        answer = browser.get("/audit")

    assert answer.status_code == 403
    assert "scope.outside" in answer.text


def test_the_provinces_auditor_reads_its_log(site: web_lab.Site) -> None:
    with site.signed_in("province-auditor") as browser:
        answer = browser.get("/audit")

    assert answer.status_code == 200
    assert "前后相连" in answer.text


def test_a_city_sees_its_own_part_of_the_tree_only(site: web_lab.Site) -> None:
    with site.signed_in("450100-monitor") as browser:
        listing = browser.get("/territory")

    assert "三塘镇" in listing.text
    assert "叠彩区" not in listing.text
    assert "横州市" not in listing.text


def test_a_page_outside_the_scope_is_refused(site: web_lab.Site) -> None:
    with site.signed_in("450100-monitor") as browser:
        answer = browser.get("/territory/450303000")

    assert answer.status_code == 403
    assert "scope.outside" in answer.text


def test_a_forged_session_cookie_is_nobody(site: web_lab.Site) -> None:
    with site.browser() as browser:
        browser.cookies.set("kuwei-hub", "eyJzdWIiOiJ4In0.forged")
        answer = browser.get("/territory")

    assert "请选择岗位" in answer.text


def test_an_export_needs_a_post_that_may(site: web_lab.Site) -> None:
    with site.signed_in("province-rule-drafter") as browser:
        answer = browser.get("/territory/export.csv")

    assert answer.status_code == 403


def test_an_export_follows_the_filters_and_names_the_person(
    site: web_lab.Site,
) -> None:
    with site.signed_in("province-monitor") as browser:
        answer = browser.get("/territory/export.csv", params={"level": "city"})

    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("区划代码,名称")
    assert len(lines) == 4
    assert "自治区 监控岗" in lines[-1]


def test_a_workbook_is_exported_too(site: web_lab.Site) -> None:
    with site.signed_in("province-monitor") as browser:
        answer = browser.get("/territory/export.xlsx")

    assert answer.content[:2] == b"PK"
    assert "spreadsheetml" in answer.headers["content-type"]
