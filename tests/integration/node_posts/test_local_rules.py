"""A bureau's own rule takes two persons, the province's checks, and force at once."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from node_site_lab import COUNTY, held_payment
from post_lab import REASON, Office

from kuwei_node.local_rules.domain import RULE_KEYS
from kuwei_shared.identity.roles import Role
from kuwei_shared.identity.scope import of_jurisdictions

pytestmark = pytest.mark.integration
SCHEMA = Path(__file__).parents[3] / "rules-catalog" / "schema" / "rule.json"
LOCAL = "L-450102000-01"
SOURCE = """\
id: L-450102000-01
version: 1
title: 本级自定的烟花采购
status: stable
severity: red
warn_type: direction
basis:
  - {ref: QX-1, document: 兴宁区监控细则, clause: 第三条, text: 不得购买烟花,
     from: 2020-01-01}
subject: payment
trigger: {stages: [request, voucher]}
requires: [use_des, pay_amt]
when: contains(use_des, '烟花') and pay_amt >= 50
on_missing: pass
on_error: pass
explain: 用途“{use_des}”,支付 {pay_amt} 元,本级不得购买烟花。
review: 核对采购事由,退回单位。
examples:
  hit:
    - {case: 恰为五十元, given: {use_des: 烟花一批, pay_amt: 50.00}}
    - {case: 更多, given: {use_des: 购烟花, pay_amt: 500.00}}
  clear:
    - {case: 差一分, given: {use_des: 烟花一批, pay_amt: 49.99}}
    - {case: 别的用途, given: {use_des: 办公用品, pay_amt: 50.00}}
  undetermined:
    - {case: 用途缺失, given: {use_des: null, pay_amt: 50.00}}
"""
Answer = tuple[int, str]


def post(office: Office, role: Role, path: str, **form: str) -> Answer:
    with office.post(role) as browser:
        answer = browser.post(path, data=form)
    return answer.status_code, answer.text


def propose(office: Office, source: str = SOURCE, reason: str = REASON) -> Answer:
    form = {"source": source.replace("\n", "\r\n"), "reason": reason}
    return post(office, Role.RULE_DRAFTER, "/rules/local", **form)


def decide(
    office: Office, act: str, role: Role = Role.REVIEWER, note: str = REASON
) -> Answer:
    """Decide the newest proposal."""
    page = office.read("/rules/local?sort=-proposed_at", Role.REVIEWER).text
    found = re.search(r"/rules/local/(\d+)\"", page)
    assert found is not None
    return post(office, role, f"/rules/local/{found[1]}/{act}", note=note)


def end(office: Office) -> Answer:
    path = f"/rules/local/{LOCAL}/end"
    return post(office, Role.RULE_DRAFTER, path, reason=REASON)


def is_hit(office: Office, payment_id: str) -> bool:
    """Buy fireworks for a hundred yuan; tell whether the local rule says no."""
    bought = held_payment(payment_id, use_des="春节烟花")
    with office.node.unit_of_work.begin(of_jurisdictions([COUNTY])) as session:
        (answer,) = office.node.screening.screen(session, [bought])
    return LOCAL in {hit.rule_id for hit in answer.hits}


def test_an_approved_rule_is_in_force_at_once_and_until_it_is_ended(
    office: Office,
) -> None:
    before = is_hit(office, "L-1")
    proposed, waiting = propose(office)[0], is_hit(office, "L-2")
    approved, during = decide(office, "approve")[0], is_hit(office, "L-3")
    again, ending = end(office)[0], is_hit(office, "L-4")
    ended, after = decide(office, "approve")[0], is_hit(office, "L-5")

    assert {proposed, approved, again, ended} == {200}
    assert (before, waiting, during, ending, after) == (
        False,
        False,
        True,
        True,
        False,
    )


def test_the_log_tells_who_did_what(office: Office) -> None:
    propose(office)
    decide(office, "approve")
    end(office)
    decide(office, "approve")

    log = office.read("/audit?size=200", Role.AUDITOR).text

    for act in ("提出地方规则", "批准启用地方规则", "提出停用地方规则"):
        assert act in log
    assert LOCAL in log


def test_what_is_refused_never_screens(office: Office) -> None:
    propose(office)

    status, _ = decide(office, "refuse")

    assert status == 200
    assert not is_hit(office, "L-6")
    assert "已退回" in office.read("/rules/local", Role.MONITOR).text


@pytest.mark.parametrize(
    ("wrong", "right", "code"),
    [
        ("id: L-450102000-01", "id: GX-U01", "local_rule.bad_id"),
        ("id: L-450102000-01", "id: L-450303000-01", "local_rule.bad_id"),
        ("title: 本级自定的烟花采购", "title: 大额支付", "title.unique"),
        ("on_error: pass", "on_error: pass\non_eror: hold", "没有“on_eror”"),
        ("pay_amt >= 50", "pay_amt >= 51", "catalogue.example_failed"),
        ("pay_amt >= 50", "no_such >= 50", "no_such"),
        ("explain: 用途", "explain: {nonsense} 用途", "nonsense"),
        ("status: stable", "status: [", "catalogue.invalid"),
    ],
)
def test_a_rule_that_does_not_pass_the_checks_is_not_even_proposed(
    office: Office, wrong: str, right: str, code: str
) -> None:
    status, text = propose(office, SOURCE.replace(wrong, right))

    assert status == 400
    assert code in text


def test_a_rule_is_proposed_once_at_a_time_and_with_a_reason(office: Office) -> None:
    assert "proposal.no_reason" in propose(office, reason="短")[1]
    propose(office)

    status, text = propose(office)

    assert (status, "proposal.waiting" in text) == (409, True)
    decide(office, "refuse")
    assert "proposal.decided" in decide(office, "approve")[1]


def test_who_refuses_says_why(office: Office) -> None:
    propose(office)

    status, text = decide(office, "refuse", note="不")

    assert (status, "proposal.no_note" in text) == (400, True)
    assert decide(office, "refuse")[0] == 200


def test_only_a_rule_in_force_is_ended(office: Office) -> None:
    status, text = end(office)

    assert (status, "local_rule.unknown" in text) == (404, True)


@pytest.mark.parametrize("role", [Role.MONITOR, Role.REVIEWER])
def test_others_than_the_drafter_propose_nothing(office: Office, role: Role) -> None:
    status, _ = post(office, role, "/rules/local", source=SOURCE, reason=REASON)

    assert status == 403


@pytest.mark.parametrize("role", [Role.MONITOR, Role.RULE_DRAFTER])
def test_others_than_the_second_person_decide_nothing(
    office: Office, role: Role
) -> None:
    propose(office)

    status, _ = decide(office, "approve", role)

    assert status == 403
    assert decide(office, "refuse")[0] == 200


def test_what_a_rule_may_say_is_what_the_schema_says() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))

    assert set(schema["properties"]) == RULE_KEYS
