"""A node's page: shut out by one person, let in again by two."""

from __future__ import annotations

from collections.abc import Iterator

import embedded
import httpx
import pytest
import web_lab
from province_lab import DIECAI, GUILIN, HENGZHOU, NANNING, PROVINCE, XINGNING

from kuwei_hub.fleet.domain import NodeState
from kuwei_shared.identity.scope import of_service

pytestmark = pytest.mark.integration
ADMINISTRATOR, LEADER = "province-administrator", "province-leader"
STOLEN, FOUND = "设备失窃,已报案", "设备已找回,密钥未动"


@pytest.fixture(scope="module")
def site(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[web_lab.Site]:
    """A province of its own: its nodes are shut out here."""
    folder = tmp_path_factory.mktemp("hub")
    with web_lab.province_site(postgres, "hub_nodes", folder) as found:
        yield found


def send(browser: httpx.Client, path: str, **form: str) -> httpx.Response:
    """Send a form of a node's page, as the browser would."""
    token = web_lab.csrf_token(browser.get("/territory"))
    return browser.post(f"/nodes/{path}", data={"csrf_token": token, **form})


def state(site: web_lab.Site, code: str) -> str:
    with site.hub.unit_of_work.begin() as session:
        node = site.hub.company.node(session, of_service(), code)
        assert node is not None
        return node.state


def shut_out(site: web_lab.Site, code: str) -> None:
    with site.hub.unit_of_work.begin() as session:
        site.hub.suspensions.suspend(session, code, by="cli:op", reason=STOLEN)


def asked(site: web_lab.Site, code: str, by: str = ADMINISTRATOR) -> None:
    shut_out(site, code)
    with site.hub.unit_of_work.begin() as session:
        site.hub.suspensions.ask(session, code, by=by, reason=FOUND)


def test_an_administrator_shuts_a_node_out_and_everybody_sees_it(
    site: web_lab.Site,
) -> None:
    with site.signed_in(ADMINISTRATOR) as browser:
        offered = browser.get(f"/nodes/{GUILIN}").text
        page = send(browser, f"{GUILIN}/suspend", reason=STOLEN, confirm=GUILIN).text
    with site.signed_in("province-monitor") as browser:
        overview = browser.get("/").text
        place = browser.get(f"/territory/{GUILIN}").text
        rollout = browser.get("/releases/rollout").text
        sheet = browser.get("/releases/rollout/export.csv").text

    assert "停用节点" in offered
    assert "即刻断开" in page
    assert "已停用 1" in overview
    assert STOLEN in place
    assert f"/nodes/{GUILIN}" in place
    assert "节点已停用" in rollout
    assert "节点已停用" in sheet
    assert state(site, GUILIN) == NodeState.SUSPENDED


def test_two_persons_let_it_in_again_and_all_of_it_is_in_the_audit_log(
    site: web_lab.Site,
) -> None:
    with site.signed_in(ADMINISTRATOR) as browser:
        send(browser, f"{NANNING}/suspend", reason=STOLEN, confirm=NANNING)
        send(browser, f"{NANNING}/reinstatement", reason=FOUND)
    with site.signed_in(LEADER) as browser:
        path = f"{NANNING}/reinstatement/approve"
        page = send(browser, path, confirm=NANNING).text
    with site.signed_in("province-auditor") as browser:
        log = browser.get("/audit", params={"about": NANNING}).text

    assert "将自行重新联络" in page
    assert state(site, NANNING) == NodeState.APPROVED
    acts = [log.index(f">{act}</td>") for act in ("批准恢复节点", "申请恢复节点")]
    assert acts == sorted(acts)
    assert f"理由</span> {STOLEN}" in log


def test_who_asked_is_offered_no_approval_and_refused_one(site: web_lab.Site) -> None:
    asked(site, DIECAI)
    with site.signed_in(ADMINISTRATOR) as browser:
        page = browser.get(f"/nodes/{DIECAI}").text
        path = f"{DIECAI}/reinstatement/approve"
        answer = send(browser, path, confirm=DIECAI)

    assert "/reinstatement/approve" not in page
    assert (answer.status_code, "reinstatement.one_person" in answer.text) == (
        403,
        True,
    )
    assert state(site, DIECAI) == NodeState.SUSPENDED


def test_a_second_person_may_turn_a_request_down(site: web_lab.Site) -> None:
    asked(site, XINGNING)
    with site.signed_in(LEADER) as browser:
        offered = browser.get(f"/nodes/{XINGNING}").text
        path = f"{XINGNING}/reinstatement/refuse"
        page = send(browser, path, reason="密钥尚未核实").text

    assert "批准恢复" in offered
    assert FOUND in offered
    assert "节点仍停用" in page
    assert "退回恢复申请" in page
    assert state(site, XINGNING) == NodeState.SUSPENDED


def put(site: web_lab.Site, code: str, state: NodeState) -> None:
    """Set a node's state in the table itself."""
    with site.hub.unit_of_work.begin() as session:
        node = site.hub.company.node(session, of_service(), code)
        assert node is not None
        node.state = state


def test_a_node_put_out_in_the_table_itself_has_a_page(site: web_lab.Site) -> None:
    put(site, HENGZHOU, NodeState.SUSPENDED)

    with site.signed_in(ADMINISTRATOR) as browser:
        answers = [
            browser.get(f"/{path}/{HENGZHOU}") for path in ("nodes", "territory")
        ]
    put(site, HENGZHOU, NodeState.PENDING)

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "申请恢复" in answers[0].text


@pytest.mark.parametrize("confirm", ["", "450000001", GUILIN])
def test_nothing_happens_unless_the_code_is_typed_once_more(
    site: web_lab.Site, confirm: str
) -> None:
    with site.signed_in(ADMINISTRATOR) as browser:
        answer = send(browser, f"{PROVINCE}/suspend", reason=STOLEN, confirm=confirm)

    assert answer.status_code == 400
    assert "node.not_confirmed" in answer.text
    assert state(site, PROVINCE) == NodeState.ACTIVE


def test_nothing_happens_without_a_reason(site: web_lab.Site) -> None:
    with site.signed_in(ADMINISTRATOR) as browser:
        answer = send(browser, f"{PROVINCE}/suspend", reason=" 失窃 ", confirm=PROVINCE)

    assert answer.status_code == 400
    assert "node.no_reason" in answer.text
    assert state(site, PROVINCE) == NodeState.ACTIVE


@pytest.mark.parametrize("act", ["suspend", "reinstatement", "reinstatement/approve"])
@pytest.mark.parametrize("who", ["province-monitor", "450100-auditor"])
def test_posts_without_the_right_do_nothing(
    site: web_lab.Site, who: str, act: str
) -> None:
    with site.signed_in(who) as browser:
        page = browser.get(f"/nodes/{NANNING}").text
        answer = send(browser, f"{NANNING}/{act}", reason=STOLEN, confirm=NANNING)

    assert "<textarea" not in page
    assert answer.status_code == 403
    assert "系统管理员" in answer.text


def test_a_leader_approves_and_shuts_nobody_out(site: web_lab.Site) -> None:
    with site.signed_in(LEADER) as browser:
        answer = send(browser, f"{PROVINCE}/suspend", reason=STOLEN, confirm=PROVINCE)

    assert answer.status_code == 403
    assert state(site, PROVINCE) == NodeState.ACTIVE


def test_an_administrator_of_another_bureau_shuts_nobody_out(
    site: web_lab.Site,
) -> None:
    before = list(site.realm.users)
    site.realm.users[:] = [
        user.model_copy(update={"roles": ["administrator"]})
        if user.username == "450100-auditor"
        else user
        for user in before
    ]
    with site.signed_in("450100-auditor") as browser:
        answer = send(browser, f"{NANNING}/suspend", reason=STOLEN, confirm=NANNING)
    site.realm.users[:] = before

    assert answer.status_code == 403
    assert "scope.outside" in answer.text


def test_a_form_without_the_token_shuts_nobody_out(site: web_lab.Site) -> None:
    form = {"reason": STOLEN, "confirm": PROVINCE}
    with site.signed_in(ADMINISTRATOR) as browser:
        answer = browser.post(f"/nodes/{PROVINCE}/suspend", data=form)

    assert answer.status_code == 403
    assert state(site, PROVINCE) == NodeState.ACTIVE


def test_a_node_outside_the_scope_or_unknown_has_no_page(site: web_lab.Site) -> None:
    with site.signed_in("450100-monitor") as browser:
        foreign = browser.get(f"/nodes/{DIECAI}")
        township = browser.get("/nodes/450102101")

    assert (foreign.status_code, township.status_code) == (403, 404)


def test_a_node_that_is_not_in_use_is_offered_no_suspension(
    site: web_lab.Site,
) -> None:
    with site.signed_in(ADMINISTRATOR) as browser:
        page = browser.get(f"/nodes/{HENGZHOU}").text

    assert "待审批" in page
    assert "<textarea" not in page
