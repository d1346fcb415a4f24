"""A rule that runs away is cut to alert-only, seen, and put back by a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import embedded
import pytest
from node_site_lab import NodeSite, held_payment
from payment_api_lab import PaymentSite, payment_site
from web_lab import csrf_token

RUNAWAY = "GX-U14"
APPROVER = "450102-reviewer"
MONITOR = "450102-monitor"
pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def braked(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PaymentSite]:
    """Return a node whose rule has stopped sixty payments in a row."""
    with payment_site(postgres, "brake", tmp_path_factory.mktemp("brake")) as site:
        rows = [held(f"run-{n}") for n in range(60)]
        answers = site.screen(*rows).json()["answers"]
        assert {one["decision"] for one in answers} == {"hold"}
        yield site


def held(payment_id: str) -> dict[str, Any]:  # Any: payment fields
    return held_payment(
        payment_id, payee_acct_no=f"6222{payment_id}", fund_scope="own_fund"
    )


def decided(site: PaymentSite, payment_id: str) -> tuple[str, list[str]]:
    (answer,) = site.screen(held(payment_id)).json()["answers"]
    return answer["decision"], [hit["rule_id"] for hit in answer["hits"]]


def page(site: PaymentSite, who: str, path: str) -> str:
    pages = NodeSite(node=site.node, url=site.url)
    with pages.signed_in(who) as browser:
        return browser.get(path).text


def put_back(site: PaymentSite) -> int:
    pages = NodeSite(node=site.node, url=site.url)
    with pages.signed_in(APPROVER) as browser:
        token = csrf_token(browser.get(f"/rules/{RUNAWAY}"))
        answer = browser.post(
            f"/rules/{RUNAWAY}/reset",
            data={"csrf_token": token, "reason": "已核实来源数据并更正"},
        )
    return answer.status_code


def test_a_runaway_rule_alerts_only_until_it_is_put_back(braked: PaymentSite) -> None:
    decision, hits = decided(braked, "after-trip")
    seen = page(braked, MONITOR, "/")

    assert (decision, RUNAWAY in hits) == ("pass", True)
    assert f"规则熔断：{RUNAWAY}" in seen

    assert put_back(braked) == 200
    assert decided(braked, "after-reset-1")[0] == "hold"
    assert decided(braked, "after-reset-2")[0] == "hold"
    assert "规则熔断" not in page(braked, MONITOR, "/")


def test_a_payment_stopped_before_the_trip_stays_stopped(braked: PaymentSite) -> None:
    again = braked.screen(held("run-7")).json()["answers"][0]

    assert (again["decision"], again["is_repeat"]) == ("hold", True)
