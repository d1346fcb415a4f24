"""A parameter moves by two persons: what is refused on the way, and what results."""

from __future__ import annotations

import re

import pytest
from node_site_lab import COUNTY
from post_lab import REASON, Office

from kuwei_shared.identity.roles import Role

pytestmark = pytest.mark.integration

WAITING = "/rules/proposals?state=waiting&size=200"
Answer = tuple[int, str]


def post(office: Office, role: Role, path: str, **form: str) -> Answer:
    with office.post(role) as browser:
        answer = browser.post(path, data=form)
    return answer.status_code, answer.text


def propose(office: Office, rule_id: str, param: str, value: str) -> Answer:
    form = {"param": param, "value": value, "reason": REASON}
    return post(office, Role.RULE_DRAFTER, f"/rules/{rule_id}/proposals", **form)


def number_of(office: Office, rule_id: str) -> str:
    """Return the number of a rule's waiting proposal."""
    page = office.read(WAITING, Role.REVIEWER).text
    row = next(row for row in page.split("<tr>") if f">{rule_id}<" in row)
    found = re.search(r"/rules/proposals/(\d+)/approve", row)
    assert found is not None
    return found[1]


def decide(office: Office, number: str, act: str) -> Answer:
    path = f"/rules/proposals/{number}/{act}"
    return post(office, Role.REVIEWER, path, note=REASON)


def value_of(office: Office, rule_id: str) -> str:
    found = re.search(
        r"<strong>([\d,.]+)</strong>",
        office.read(f"/rules/{rule_id}", Role.MONITOR).text,
    )
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("rule_id", "param", "value", "code"),
    [
        ("NO-SUCH", "limit", "5000000", "tuning.unknown"),
        ("GX-U10", "nonsense", "5000000", "tuning.unknown"),
        ("GX-U10", "", "", "tuning.unknown"),
        ("A0105", "share", "25.5", "tuning.not_a_value"),
        ("A0105", "share", "51", "tuning.out_of_bounds"),
        ("CT-2", "limit", "9999.99", "tuning.out_of_bounds"),
        ("CT-2", "limit", "200000.01", "tuning.out_of_bounds"),
    ],
)
def test_only_a_parameter_there_is_moves_within_its_bounds(
    office: Office, rule_id: str, param: str, value: str, code: str
) -> None:
    status, text = propose(office, rule_id, param, value)

    assert status == (404 if code == "tuning.unknown" else 400)
    assert code in text


@pytest.mark.parametrize("reason", ["", "短短短", "  四个 ", "理" * 501])
def test_a_proposal_says_why_in_a_sentence(office: Office, reason: str) -> None:
    form = {"param": "limit", "value": "60000", "reason": reason}

    answer = post(office, Role.RULE_DRAFTER, "/rules/CT-2/proposals", **form)

    assert answer[0] == 400
    assert "proposal.no_reason" in answer[1]


def test_the_bounds_themselves_are_allowed(office: Office) -> None:
    for value in ("10000", "200000.00"):
        assert propose(office, "CT-2", "limit", value)[0] == 200
        assert decide(office, number_of(office, "CT-2"), "approve")[0] == 200

    assert value_of(office, "CT-2") == "200,000.00"


def test_an_empty_value_returns_to_the_provinces(office: Office) -> None:
    for value in ("2000", ""):
        propose(office, "A0114", "floor", value)
        decide(office, number_of(office, "A0114"), "approve")

    page = office.read("/rules/A0114", Role.MONITOR).text
    assert value_of(office, "A0114") == "1,000.00"
    assert "本级已调整" not in page


def test_what_was_refused_changes_nothing(office: Office) -> None:
    propose(office, "A0116", "floor", "2000")

    answer = decide(office, number_of(office, "A0116"), "refuse")

    assert answer[0] == 200
    assert value_of(office, "A0116") == "1,000.00"


def test_who_decides_sees_what_would_change(office: Office) -> None:
    propose(office, "GX-U10", "limit", "8000000")

    page = office.read(WAITING, Role.REVIEWER).text

    row = next(row for row in page.split("<tr>") if ">GX-U10<" in row)
    said = ("大额支付", "20,000,000.00", "8,000,000.00", "1,000,000.00 – 20,000,000.00")
    assert all(one in row for one in said)
    assert "规则起草岗" in row
    assert f"{COUNTY}-rule-drafter" not in row
    decide(office, number_of(office, "GX-U10"), "refuse")


@pytest.mark.parametrize("note", ["", " ", "不行"])
def test_nothing_is_sent_back_without_a_reason(office: Office, note: str) -> None:
    propose(office, "A0116", "floor", "2000")
    path = f"/rules/proposals/{number_of(office, 'A0116')}/refuse"

    answer = post(office, Role.REVIEWER, path, note=note)

    assert answer[0] == 400
    assert "proposal.no_note" in answer[1]
    decide(office, number_of(office, "A0116"), "refuse")


@pytest.mark.parametrize("first", ["approve", "refuse"])
@pytest.mark.parametrize("second", ["approve", "refuse"])
def test_a_proposal_is_decided_once(office: Office, first: str, second: str) -> None:
    propose(office, "A0118", "floor", "2000")
    number = number_of(office, "A0118")
    decide(office, number, first)

    answer = decide(office, number, second)

    assert answer[0] == 409
    assert "proposal.decided" in answer[1]


@pytest.mark.parametrize("act", ["approve", "refuse"])
def test_a_proposal_nobody_made_is_not_decided(office: Office, act: str) -> None:
    answer = decide(office, "9223372036854775807", act)

    assert answer[0] == 409
    assert "proposal.decided" in answer[1]


@pytest.mark.parametrize(
    ("reason", "status", "code"),
    [
        (REASON, 404, "brake.not_tripped"),
        ("", 400, "brake.no_reason"),
        ("理" * 501, 400, "brake.no_reason"),
    ],
)
def test_only_a_tripped_rule_is_put_back_and_with_a_reason(
    office: Office, reason: str, status: int, code: str
) -> None:
    # It stops no payment, so whatever was screened before cannot have tripped it.
    answer = post(office, Role.REVIEWER, "/rules/GX-U10/reset", reason=reason)

    assert answer[0] == status
    assert code in answer[1]
