import re

import node_site_lab
import pytest
import web_lab
from node_site_lab import AUDITOR, DRAFTER, MONITOR, REVIEWER, held_payment

from kuwei_shared.identity.principal import Principal, Subject
from kuwei_shared.identity.roles import Role
from kuwei_shared.kernel.errors import KuweiError

pytestmark = pytest.mark.integration

TUNED = {"param": "limit", "reason": "本县体量小,标准相应降低"}


def post(
    site: node_site_lab.NodeSite, who: str, path: str, **form: str
) -> tuple[int, str]:
    with site.signed_in(who) as browser:
        token = web_lab.csrf_token(browser.get("/"))
        answer = browser.post(path, data={"csrf_token": token, **form})
    return answer.status_code, answer.text


def newest(text: str) -> str:
    found = re.search(r"/rules/proposals/(\d+)/approve", text)
    assert found is not None
    return found[1]


def test_rules_are_found_by_words_severity_and_mode(
    site: node_site_lab.NodeSite,
) -> None:
    with site.signed_in(MONITOR) as browser:
        red = browser.get("/rules", params={"severity": "red", "words": "复核"}).text
        local = browser.get("/rules", params={"mode": "local"}).text

    assert "制单与复核为同一人" in red
    assert "大额支付" not in red
    assert "没有符合条件的规则" in local


def test_a_rule_is_read_aloud_with_its_bounds(site: node_site_lab.NodeSite) -> None:
    with site.signed_in(MONITOR) as browser:
        page = browser.get("/rules/GX-U10").text

    assert "达到或超过大额标准(元)(20,000,000.00)" in page
    assert "1,000,000.00 – 20,000,000.00(只可调低)" in page
    assert "提出调整" not in page


def test_an_unknown_rule_is_missing(site: node_site_lab.NodeSite) -> None:
    with site.signed_in(MONITOR) as browser:
        answer = browser.get("/rules/NO-SUCH")

    assert answer.status_code == 404


def test_a_tuning_takes_force_only_by_a_second_person(
    site: node_site_lab.NodeSite,
) -> None:
    post(site, DRAFTER, "/rules/GX-U10/proposals", value="5,000,000", **TUNED)
    with site.signed_in(REVIEWER) as browser:
        before = browser.get("/rules/GX-U10").text
        waiting = browser.get("/rules/proposals").text

    path = f"/rules/proposals/{newest(waiting)}/approve"
    status, after = post(site, REVIEWER, path, note="同意")

    with site.signed_in(MONITOR) as browser:
        page = browser.get("/rules/GX-U10").text
    assert "<strong>20,000,000.00</strong>" in before
    assert status == 200
    assert "已批准" in after
    assert "<strong>5,000,000.00</strong>" in page
    assert "本级已调整" in page


def test_a_value_beyond_the_bounds_is_refused_at_once(
    site: node_site_lab.NodeSite,
) -> None:
    status, text = post(
        site, DRAFTER, "/rules/GX-U10/proposals", value="30000000", **TUNED
    )

    assert status == 400
    assert "只能在" in text


def test_a_parameter_has_one_waiting_proposal(site: node_site_lab.NodeSite) -> None:
    wanted = {"param": "floor", "reason": "本县标准较低"}
    post(site, DRAFTER, "/rules/A0109/proposals", value="5000", **wanted)

    status, text = post(site, DRAFTER, "/rules/A0109/proposals", value="2000", **wanted)

    assert status == 409
    assert "proposal.waiting" in text


@pytest.mark.parametrize("who", [MONITOR, AUDITOR, DRAFTER])
def test_only_reviewers_leaders_and_approvers_approve(
    site: node_site_lab.NodeSite, who: str
) -> None:
    status, _ = post(site, who, "/rules/proposals/1/approve")

    assert status == 403


def test_nobody_approves_what_they_proposed(site: node_site_lab.NodeSite) -> None:
    both = Principal(
        subject=Subject("two-posts"),
        name="两岗",
        roles=frozenset({Role.REVIEWER, Role.RULE_DRAFTER}),
        jurisdictions=(node_site_lab.COUNTY,),
    )
    with site.node.unit_of_work.begin() as session:
        number = site.node.proposals.propose(
            session, "A0110", "floor", value=None, reason="恢复标准", by=both
        )

    with (
        pytest.raises(KuweiError, match="one_person"),
        site.node.unit_of_work.begin() as session,
    ):
        site.node.proposals.approve(session, number, by=both, note="")


def test_a_tripped_rule_is_loud_and_can_be_put_back(
    site: node_site_lab.NodeSite,
) -> None:
    site.trip("GX-U14")
    with site.signed_in(MONITOR) as browser:
        first, page = browser.get("/").text, browser.get("/rules/GX-U14").text

    status, after = post(site, REVIEWER, "/rules/GX-U14/reset", reason="来源已更正")

    assert "规则熔断" in first
    assert "已熔断，仅预警" in page
    assert status == 200
    assert "已恢复执行" in after


def test_a_scheduled_run_shows_its_receipts(site: node_site_lab.NodeSite) -> None:
    site.screen(held_payment("R-run"))
    site.sweep()

    with site.signed_in(MONITOR) as browser:
        runs = browser.get("/runs", params={"schedule": "day_end"}).text
        path = re.search(r"/runs/\d+", runs)
        assert path is not None
        receipt = browser.get(path[0]).text

    assert "已完成" in runs
    assert "检查行数" in receipt


def test_proposals_are_narrowed_by_state_and_exported(
    site: node_site_lab.NodeSite,
) -> None:
    wanted = {"param": "floor", "reason": "本县标准较低"}
    post(site, DRAFTER, "/rules/A0112/proposals", value="800", **wanted)

    with site.signed_in(REVIEWER) as browser:
        waiting = browser.get("/rules/proposals", params={"state": "waiting"}).text
        refused = browser.get("/rules/proposals", params={"state": "refused"}).text
        file = browser.get("/rules/proposals/export.csv", params={"state": "waiting"})

    assert "A0112" in waiting
    assert "A0112" not in refused
    assert all(said in file.text for said in ("A0112", "800.00", "规则起草岗"))
