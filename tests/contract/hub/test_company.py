"""Who is a member, in which epoch, and what a hub refuses those who are not."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from kuwei_hub.fleet.domain import (
    CLOCK_SKEW_MAX_MS,
    DENIED,
    PROTOCOL,
    EventKind,
    Greeting,
    NodeState,
    Pulse,
)
from kuwei_hub.fleet.models import FleetNode
from kuwei_hub.fleet.service.company import Company
from kuwei_shared.identity.scope import of_jurisdictions, of_service
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import PageRequest

pytestmark = pytest.mark.integration
CODE, OTHER = "450102000", "450303000"
CLOCK = SetClock()
NOW_MS = int(CLOCK.now().timestamp() * 1000)
PULSE = Pulse(clock_ms=NOW_MS, queue_depth=0, agent_version="0.1.0")


@pytest.fixture
def company() -> Company:
    return Company(CLOCK)


def known(session: Session, state: NodeState, code: str = CODE) -> FleetNode:
    """Keep a node in a state; its epoch is 3."""
    node = FleetNode(
        mof_div_code=code,
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


def greeting(**changes: int) -> Greeting:
    plain = {
        "protocol_min": PROTOCOL,
        "protocol_max": PROTOCOL,
        "clock_ms": NOW_MS,
        "epoch": 3,
    }
    return Greeting(**(plain | changes), agent_version="0.1.0")


def events(company: Company, session: Session, *, alarms: bool = False) -> list[str]:
    page = company.events(session, of_service(), PageRequest(), alarms_only=alarms)
    return [one.kind for one in page.rows]


@pytest.mark.parametrize(
    ("low", "high"), [(PROTOCOL + 1, PROTOCOL + 2), (PROTOCOL - 2, PROTOCOL - 1)]
)
def test_a_node_of_another_protocol_is_told_to_upgrade(
    company: Company, session: Session, low: int, high: int
) -> None:
    node = known(session, NodeState.APPROVED)

    with pytest.raises(KuweiError, match=r"session\.protocol"):
        company.hello(session, CODE, greeting(protocol_min=low, protocol_max=high))

    assert node.state == NodeState.APPROVED


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (NodeState.APPROVED, NodeState.ACTIVE),
        (NodeState.ACTIVE, NodeState.ACTIVE),
        (NodeState.EXPECTED, NodeState.EXPECTED),
        (NodeState.PENDING, NodeState.PENDING),
    ],
)
def test_a_greeting_makes_active_only_who_was_approved(
    company: Company, session: Session, state: NodeState, after: NodeState
) -> None:
    node = known(session, state)

    company.hello(session, CODE, greeting())

    assert node.state == after


@pytest.mark.parametrize(
    "state", [NodeState.EXPECTED, NodeState.PENDING, NodeState.APPROVED]
)
def test_only_an_active_node_hands_figures_in(
    company: Company, session: Session, state: NodeState
) -> None:
    known(session, state)

    with pytest.raises(KuweiError, match=r"session\.no_hello"):
        company.require_submitter(session, CODE)


@pytest.mark.parametrize("state", DENIED)
def test_a_denied_node_is_refused_though_no_list_was_read_yet(
    company: Company, session: Session, state: NodeState
) -> None:
    node = known(session, state)

    for call in (
        lambda: company.hello(session, CODE, greeting()),
        lambda: company.heartbeat(session, CODE, PULSE),
        lambda: company.require_submitter(session, CODE),
        lambda: company.current_key(session, CODE),
    ):
        with pytest.raises(KuweiError, match=r"node\.denied"):
            call()
    assert node.state == state


@pytest.mark.parametrize(
    ("skew_ms", "is_refused"),
    [
        (CLOCK_SKEW_MAX_MS, False),
        (CLOCK_SKEW_MAX_MS + 1, True),
        (-CLOCK_SKEW_MAX_MS, False),
        (-CLOCK_SKEW_MAX_MS - 1, True),
    ],
)
def test_a_clock_may_be_off_by_so_much_and_no_more(
    company: Company, session: Session, skew_ms: int, *, is_refused: bool
) -> None:
    known(session, NodeState.ACTIVE)

    welcome = company.hello(session, CODE, greeting(clock_ms=NOW_MS + skew_ms))

    assert welcome.features == (("clock_suspect",) if is_refused else ())
    if is_refused:
        with pytest.raises(KuweiError, match=r"session\.clock_suspect"):
            company.require_submitter(session, CODE)
    else:
        assert company.require_submitter(session, CODE) == 3


def test_an_older_epoch_is_refused_and_alarms(
    company: Company, session: Session
) -> None:
    node = known(session, NodeState.ACTIVE)

    welcome = company.hello(session, CODE, greeting(epoch=2))

    assert welcome.refusal is not None
    assert welcome.refusal.code == "session.epoch_stale"
    assert node.epoch == 3
    assert events(company, session, alarms=True) == [EventKind.EPOCH_STALE]


def test_a_newer_epoch_is_followed_and_alarms(
    company: Company, session: Session
) -> None:
    node = known(session, NodeState.ACTIVE)

    welcome = company.hello(session, CODE, greeting(epoch=5))

    assert (welcome.refusal, welcome.epoch, node.epoch) == (None, 5, 5)
    assert events(company, session, alarms=True) == [EventKind.HISTORY_FORK]


def test_nobody_unregistered_is_greeted_or_heard(
    company: Company, session: Session
) -> None:
    for call in (
        lambda: company.hello(session, CODE, greeting()),
        lambda: company.heartbeat(session, CODE, PULSE),
    ):
        with pytest.raises(KuweiError, match=r"node\.unknown"):
            call()


def test_a_heartbeat_keeps_no_more_than_its_columns_hold(
    company: Company, session: Session
) -> None:
    node = known(session, NodeState.ACTIVE)
    long = "9" * 500

    company.heartbeat(
        session,
        CODE,
        Pulse(clock_ms=NOW_MS, queue_depth=7, agent_version=long),
    )
    session.flush()

    assert (node.queue_depth, node.last_seen_at) == (7, CLOCK.now())
    assert len(node.agent_version or "") == 40


def test_events_and_nodes_are_paged_within_the_scope(
    company: Company, session: Session
) -> None:
    for code in (CODE, OTHER):
        known(session, NodeState.ACTIVE, code)
        for _ in range(3):
            company.alarm(session, code, EventKind.STREAM_CONFLICT, "stats 4")
    scope = of_jurisdictions([CODE])

    pages = [
        company.events(session, scope, PageRequest(number=n, size=2)) for n in (1, 2, 3)
    ]

    ids = [one.id for page in pages for one in page.rows]
    assert [len(page.rows) for page in pages] == [2, 1, 0]
    assert ids == sorted(ids, reverse=True)
    assert {page.total for page in pages} == {3}
    assert company.member_codes(session, scope) == [CODE]


def test_a_nodes_clock_is_measured_against_the_hubs(session: Session) -> None:
    node = known(session, NodeState.ACTIVE)
    later = SetClock(CLOCK.now() + dt.timedelta(hours=2))

    Company(later).hello(session, CODE, greeting(clock_ms=NOW_MS))

    assert node.last_seen_at == later.now()
    assert node.clock_skew_ms == -2 * 3600 * 1000
