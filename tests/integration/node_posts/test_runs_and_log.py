"""What leaves a trace, and the runs that prove a day was looked at."""

from __future__ import annotations

import re

import pytest
from node_site_lab import held_payment
from post_lab import REASON, Office

from kuwei_shared.identity.roles import Role

pytestmark = pytest.mark.integration

SHEET = {"file": ("四月.csv", b"a,b\n1,2\n", "text/csv")}


def log(office: Office, act: str) -> str:
    return office.read(f"/audit?act={act}&size=200", Role.AUDITOR).text


@pytest.fixture(scope="module")
def traces(office: Office) -> Office:
    """Every act a person can do at a node, done once."""
    office.screen(held_payment("T-go"), held_payment("T-stop"))
    go, stop = office.seq_of("T-go"), office.seq_of("T-stop")
    with office.post(Role.LEADER) as browser:
        browser.post(f"/payments/{go}/rescreen")
        browser.post(f"/holds/{go}/release", data={"reason": REASON})
        browser.post(f"/holds/{stop}/refuse", data={"reason": REASON})
    with office.post(Role.DATA_STEWARD) as browser:
        browser.post("/imports", data={"profile": "standard"}, files=SHEET)
    office.trip("GX-U02")
    form = {"param": "floor", "value": "900", "reason": REASON}
    with office.post(Role.RULE_DRAFTER) as browser:
        browser.post("/rules/A0112/proposals", data=form)
    with office.post(Role.REVIEWER) as browser:
        waiting = browser.get("/rules/proposals?state=waiting").text
        number = re.findall(r"/rules/(proposals/\d+)/refuse", waiting)[0]
        browser.post(f"/rules/{number}/refuse", data={"note": REASON})
        browser.post("/rules/GX-U02/reset", data={"reason": REASON})
    return office


@pytest.mark.parametrize(
    ("act", "who", "about"),
    [
        ("重新审核", "leader", "支付 {go}"),
        ("放行暂缓支付", "leader", "支付 {go}"),
        ("拒绝暂缓支付", "leader", "支付 {stop}"),
        ("提交导入文件", "data-steward", "导入 "),
        ("提出参数调整", "rule-drafter", "A0112"),
        ("退回参数调整", "reviewer", "A0112"),
        ("恢复熔断规则", "reviewer", "GX-U02"),
    ],
)
def test_every_act_is_in_the_log_with_who_and_what(
    traces: Office, act: str, who: str, about: str
) -> None:
    seqs = {"go": traces.seq_of("T-go"), "stop": traces.seq_of("T-stop")}

    page = log(traces, act)

    assert f"450102000-{who}" in page
    assert about.format(**seqs) in page


def test_an_act_that_was_refused_is_not_in_the_log(traces: Office) -> None:
    path = f"/holds/{traces.seq_of('T-go')}/refuse"

    with traces.post(Role.REVIEWER) as browser:
        answer = browser.post(path, data={"reason": REASON})

    assert answer.status_code == 409
    assert f"支付 {traces.seq_of('T-go')}<" not in log(traces, "拒绝暂缓支付")


def test_the_log_says_that_its_chain_holds(traces: Office) -> None:
    page = traces.read("/audit", Role.AUDITOR).text

    assert "前后相连" in page


def test_a_rule_put_back_is_no_longer_loud(traces: Office) -> None:
    first = traces.read("/", Role.MONITOR).text

    assert "规则熔断：GX-U02" not in first


def test_runs_are_narrowed_and_exported_as_they_are_shown(office: Office) -> None:
    office.sweep()

    ends = office.read("/runs?schedule=day_end&state=done&size=200", Role.MONITOR).text
    months = office.read("/runs?schedule=month_end&state=failed", Role.MONITOR).text
    sheet = office.read("/runs/export.csv?schedule=day_end", Role.AUDITOR).text

    numbers = re.findall(r"/runs/(\d+)", ends)
    assert numbers
    assert "还没有定时检查" in months
    assert f"共 {len(set(numbers))} 行" in sheet


def test_a_run_shows_every_rule_it_ran(office: Office) -> None:
    office.sweep()
    listing = office.read("/runs", Role.RULE_DRAFTER).text
    found = re.search(r"/runs/\d+", listing)
    assert found is not None

    page = office.read(found[0], Role.RULE_DRAFTER).text

    assert "检查行数" in page
    assert len(re.findall(r'href="/rules/[A-Z0-9-]+"', page)) >= 5
