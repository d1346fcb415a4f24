import re

import node_site_lab
import pytest
import web_lab
from node_site_lab import AUDITOR, DRAFTER, MONITOR, REVIEWER, STRANGER, held_payment

pytestmark = pytest.mark.integration


def decide(
    site: node_site_lab.NodeSite, who: str, payment_id: str, act: str, **form: str
) -> tuple[int, str]:
    seq = site.seq_of(payment_id)
    with site.signed_in(who) as browser:
        token = web_lab.csrf_token(browser.get("/"))
        answer = browser.post(f"/holds/{seq}/{act}", data={"csrf_token": token, **form})
    return answer.status_code, answer.text


def test_a_held_payment_waits_in_the_queue_with_what_it_hit(
    site: node_site_lab.NodeSite,
) -> None:
    decisions = site.screen(held_payment("H-queue"))

    with site.signed_in(MONITOR) as browser:
        queue = browser.get("/holds").text

    assert decisions == ["hold"]
    assert "H-queue" in queue
    assert "制单与复核为同一人" in queue


def test_a_released_payment_leaves_the_queue_and_keeps_the_reason(
    site: node_site_lab.NodeSite,
) -> None:
    site.screen(held_payment("H-release"))

    status, after = decide(site, REVIEWER, "H-release", "release", reason="已换人复核")

    with site.signed_in(MONITOR) as browser:
        done = browser.get("/holds/done").text
    assert status == 200
    assert "已放行" in after
    assert "H-release" not in after.split("<tbody>")[1]
    assert "H-release" in done
    assert "复核岗" in done
    assert REVIEWER not in done.split("<tbody>")[1]
    assert "已换人复核" in done


def test_a_refused_payment_is_reversed(site: node_site_lab.NodeSite) -> None:
    site.screen(held_payment("H-refuse"))

    decide(site, REVIEWER, "H-refuse", "refuse", reason="两岗一人,退回单位")

    with site.signed_in(REVIEWER) as browser:
        page = browser.get(f"/payments/{site.seq_of('H-refuse')}").text
    assert "暂缓后拒付" in page
    assert "撤销:H-refuse" in page


def test_a_payment_is_decided_once(site: node_site_lab.NodeSite) -> None:
    site.screen(held_payment("H-once"))
    decide(site, REVIEWER, "H-once", "release", reason="核实无误")

    status, text = decide(site, REVIEWER, "H-once", "refuse", reason="改变主意")

    assert status == 409
    assert "不能再次处理" in text


def test_a_decision_needs_a_reason(site: node_site_lab.NodeSite) -> None:
    site.screen(held_payment("H-reason"))

    status, text = decide(site, REVIEWER, "H-reason", "release", reason=" ")

    assert status == 400
    assert "请写明理由" in text


@pytest.mark.parametrize("who", [MONITOR, AUDITOR])
def test_only_reviewers_and_leaders_decide(
    site: node_site_lab.NodeSite, who: str
) -> None:
    site.screen(held_payment(f"H-{who}"))

    status, text = decide(site, who, f"H-{who}", "release", reason="核实无误")

    assert status == 403
    assert "复核岗" in text


def test_a_decision_without_the_token_is_refused(
    site: node_site_lab.NodeSite,
) -> None:
    site.screen(held_payment("H-csrf"))
    path = f"/holds/{site.seq_of('H-csrf')}/release"

    with site.signed_in(REVIEWER) as browser:
        answer = browser.post(path, data={"reason": "核实无误"})

    assert answer.status_code == 403
    assert "identity.csrf" in answer.text


def test_another_bureau_neither_sees_nor_decides(
    site: node_site_lab.NodeSite,
) -> None:
    site.screen(held_payment("H-elsewhere"))

    with site.signed_in(STRANGER) as browser:
        queue = browser.get("/holds").text
    status, _ = decide(site, STRANGER, "H-elsewhere", "release", reason="核实无误")

    assert "H-elsewhere" not in queue
    assert status == 404


def test_posts_that_write_rules_see_no_payments(site: node_site_lab.NodeSite) -> None:
    with site.signed_in(DRAFTER) as browser:
        answers = [browser.get(path) for path in ("/holds", "/payments")]

    assert [answer.status_code for answer in answers] == [403, 403]


def test_a_decision_stands_in_the_audit_log(site: node_site_lab.NodeSite) -> None:
    site.screen(held_payment("H-audit"))
    decide(site, REVIEWER, "H-audit", "release", reason="核实无误")

    with site.signed_in(AUDITOR) as browser:
        log = browser.get("/audit", params={"act": "放行暂缓支付"}).text

    seq = site.seq_of("H-audit")
    row = log.split(f'<a href="/payments/{seq}">支付 {seq}</a>')[1].split("</tr>")[0]
    assert all(said in row for said in ("H-audit", "元", "核实无误"))


def test_an_export_stands_in_the_audit_log_with_what_it_held(
    site: node_site_lab.NodeSite,
) -> None:
    with site.signed_in(REVIEWER) as browser:
        browser.get("/payments/export.csv?unit=101001&decision=hold&sort=-pay_amt")

    with site.signed_in(AUDITOR) as browser:
        log = browser.get("/audit", params={"act": "导出"}).text

    assert "单位代码或名称 101001;结论 暂缓" in log
    assert "金额(元)降序" in log


def test_the_queue_marks_what_was_paid_all_the_same(
    site: node_site_lab.NodeSite,
) -> None:
    site.screen(held_payment("H-paid"))
    site.screen(held_payment("H-paid", stage="receipt"))

    with site.signed_in(MONITOR) as browser:
        queue = browser.get("/holds", params={"unit": "101001"}).text
        alerts = browser.get("/alerts", params={"rule": "NODE-PAID"}).text
        (found,) = set(re.findall(r"/alerts/\d+", alerts))
        alert = browser.get(found).text

    assert "款已付出" in queue
    assert "暂缓或拒付的支付已经付出" in alerts
    assert "支付 H-paid 的银行回单" in alert
    assert "/rules/NODE-PAID" not in alert
