"""Who is shut out, and that nobody lets a node in again alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from kuwei_hub.fleet.domain import ADMITTED, EventKind, NodeState
from kuwei_hub.fleet.models import FleetNode
from kuwei_hub.fleet.service.company import Company
from kuwei_hub.fleet.service.suspension import REASON_MAX, Suspensions
from kuwei_shared.identity.scope import of_jurisdictions, of_service
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import PageRequest

pytestmark = pytest.mark.integration
CODE = "450102000"
CLOCK = SetClock()
ONE, OTHER = "province-administrator", "province-leader"
STOLEN, FOUND = "设备失窃,已报案", "设备已找回,密钥未动"
NOT_ADMITTED = [state for state in NodeState if state not in ADMITTED]


@pytest.fixture
def suspensions() -> Suspensions:
    return Suspensions(CLOCK)


def known(session: Session, state: NodeState) -> FleetNode:
    """Keep a node in a state."""
    node = FleetNode(
        mof_div_code=CODE,
        name="兴宁区",
        level="county",
        parent=None,
        state=state,
        epoch=3,
        registered_by="系统管理员",
        registered_at=CLOCK.now(),
    )
    session.add(node)
    session.flush()
    return node


def events(session: Session) -> list[tuple[str, str]]:
    page = Company(CLOCK).events(session, of_service(), PageRequest())
    return [(one.kind, one.actor) for one in page.rows]


@pytest.mark.parametrize("state", ADMITTED)
def test_a_suspended_node_is_denied_with_its_reason_until_it_is_reinstated(
    suspensions: Suspensions, session: Session, state: NodeState
) -> None:
    node, company = known(session, state), Company(CLOCK)

    suspensions.suspend(session, CODE, by=ONE, reason=STOLEN)
    denied = company.watch(session).denied
    suspensions.ask(session, CODE, by=ONE, reason=FOUND)
    suspensions.approve(session, CODE, by=OTHER)

    assert STOLEN in denied[CODE]
    assert node.state == NodeState.APPROVED
    assert CODE not in company.watch(session).denied
    assert events(session) == [
        (EventKind.REINSTATED, OTHER),
        (EventKind.REINSTATEMENT_ASKED, ONE),
        (EventKind.SUSPENDED, ONE),
    ]


@pytest.mark.parametrize("state", NOT_ADMITTED)
def test_who_is_not_admitted_cannot_be_admitted_by_way_of_a_suspension(
    suspensions: Suspensions, session: Session, state: NodeState
) -> None:
    node = known(session, state)

    with pytest.raises(KuweiError, match=r"node\.not_admitted"):
        suspensions.suspend(session, CODE, by=ONE, reason=STOLEN)

    assert node.state == state
    assert events(session) == []


@pytest.mark.parametrize("state", [s for s in NodeState if s != NodeState.SUSPENDED])
def test_only_a_suspended_node_is_reinstated(
    suspensions: Suspensions, session: Session, state: NodeState
) -> None:
    node = known(session, state)

    calls: tuple[Callable[[], None], ...] = (
        lambda: suspensions.ask(session, CODE, by=ONE, reason=FOUND),
        lambda: suspensions.approve(session, CODE, by=OTHER),
        lambda: suspensions.refuse(session, CODE, by=OTHER, reason=FOUND),
    )
    for call in calls:
        with pytest.raises(KuweiError, match=r"node\.not_suspended"):
            call()
    assert node.state == state


def test_nobody_reinstates_what_they_asked_for_themselves(
    suspensions: Suspensions, session: Session
) -> None:
    node = known(session, NodeState.ACTIVE)
    suspensions.suspend(session, CODE, by=OTHER, reason=STOLEN)
    suspensions.ask(session, CODE, by=ONE, reason=FOUND)

    calls: tuple[Callable[[], None], ...] = (
        lambda: suspensions.approve(session, CODE, by=ONE),
        lambda: suspensions.refuse(session, CODE, by=ONE, reason=FOUND),
    )
    for call in calls:
        with pytest.raises(KuweiError, match=r"reinstatement\.one_person"):
            call()
    assert node.state == NodeState.SUSPENDED


def test_nothing_is_approved_that_nobody_asked_for(
    suspensions: Suspensions, session: Session
) -> None:
    node = known(session, NodeState.ACTIVE)
    suspensions.suspend(session, CODE, by=ONE, reason=STOLEN)

    with pytest.raises(KuweiError, match=r"reinstatement\.none"):
        suspensions.approve(session, CODE, by=OTHER)

    assert node.state == NodeState.SUSPENDED


def test_a_request_that_was_refused_can_be_approved_no_more(
    suspensions: Suspensions, session: Session
) -> None:
    node = known(session, NodeState.ACTIVE)
    suspensions.suspend(session, CODE, by=ONE, reason=STOLEN)
    suspensions.ask(session, CODE, by=ONE, reason=FOUND)
    suspensions.refuse(session, CODE, by=OTHER, reason="密钥尚未核实")

    with pytest.raises(KuweiError, match=r"reinstatement\.none"):
        suspensions.approve(session, CODE, by=OTHER)

    assert node.state == NodeState.SUSPENDED


def test_a_request_of_an_earlier_suspension_does_not_count(
    suspensions: Suspensions, session: Session
) -> None:
    known(session, NodeState.ACTIVE)
    suspensions.suspend(session, CODE, by=ONE, reason=STOLEN)
    suspensions.ask(session, CODE, by=ONE, reason=FOUND)
    suspensions.approve(session, CODE, by=OTHER)

    suspensions.suspend(session, CODE, by=ONE, reason="再次失窃")

    found = suspensions.of_node(session, of_service(), CODE)
    assert found is not None
    assert (found.said.reason, found.asked) == ("再次失窃", None)


def test_a_node_put_out_in_the_table_itself_is_reinstated_by_two(
    suspensions: Suspensions, session: Session
) -> None:
    node = known(session, NodeState.SUSPENDED)

    found = suspensions.of_node(session, of_service(), CODE)
    suspensions.ask(session, CODE, by=ONE, reason=FOUND)
    suspensions.approve(session, CODE, by=OTHER)

    assert found is not None
    assert (found.said.reason, found.asked) == ("", None)
    assert node.state == NodeState.APPROVED


def test_put_out_so_again_it_has_no_request_left_over(
    suspensions: Suspensions, session: Session
) -> None:
    node = known(session, NodeState.ACTIVE)
    suspensions.suspend(session, CODE, by=ONE, reason=STOLEN)
    suspensions.ask(session, CODE, by=ONE, reason=FOUND)
    suspensions.approve(session, CODE, by=OTHER)

    node.state = NodeState.SUSPENDED

    with pytest.raises(KuweiError, match=r"reinstatement\.none"):
        suspensions.approve(session, CODE, by=OTHER)


def test_one_request_waits_at_a_time(
    suspensions: Suspensions, session: Session
) -> None:
    known(session, NodeState.ACTIVE)
    suspensions.suspend(session, CODE, by=ONE, reason=STOLEN)
    suspensions.ask(session, CODE, by=ONE, reason=FOUND)

    with pytest.raises(KuweiError, match=r"reinstatement\.asked"):
        suspensions.ask(session, CODE, by=OTHER, reason=FOUND)


@pytest.mark.parametrize("reason", ["", "  失窃  ", "长" * (REASON_MAX + 1)])
def test_nobody_is_shut_out_without_a_reason(
    suspensions: Suspensions, session: Session, reason: str
) -> None:
    node = known(session, NodeState.ACTIVE)

    with pytest.raises(KuweiError, match=r"node\.no_reason"):
        suspensions.suspend(session, CODE, by=ONE, reason=reason)

    assert node.state == NodeState.ACTIVE


def test_who_may_not_see_a_node_is_not_told_why_it_is_out(
    suspensions: Suspensions, session: Session
) -> None:
    known(session, NodeState.ACTIVE)
    suspensions.suspend(session, CODE, by=ONE, reason=STOLEN)

    found = suspensions.of_node(session, of_jurisdictions(["450303000"]), CODE)

    assert found is None


def test_a_node_nobody_registered_is_unknown(
    suspensions: Suspensions, session: Session
) -> None:
    with pytest.raises(KuweiError, match=r"node\.unknown"):
        suspensions.suspend(session, CODE, by=ONE, reason=STOLEN)
