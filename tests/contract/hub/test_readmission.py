"""Another machine takes a node's place: by two accounts, and it alone is the node."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kuwei_hub.fleet.adapters import AuthorityFolder
from kuwei_hub.fleet.domain import EventKind, Membership, NodeState, Policy, TokenFile
from kuwei_hub.fleet.models import FleetCertificate, FleetEvent, FleetNode, FleetToken
from kuwei_hub.fleet.service.enrolment import Enrolment
from kuwei_hub.fleet.service.suspension import Suspensions
from kuwei_shared.identity.scope import of_service
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import PageRequest
from kuwei_shared.trust import certificates, enrolment, keys

pytestmark = pytest.mark.integration
CODE = "450102000"
ONE, OTHER = "cli:one", "cli:other"
STOLEN, FOUND = "设备失窃,已报案", "设备已找回,密钥未动"
POLICY = Policy(
    trust_domain="fiscal.gx",
    token_ttl=dt.timedelta(hours=24),
    grpc_address="localhost:1",
    enrol_address="localhost:2",
)


@dataclass
class Machine:
    """A machine that applied under a token."""

    token: TokenFile
    key: Ed25519PrivateKey = field(default_factory=keys.new_signing_key)

    def application(self) -> enrolment.Application:
        return enrolment.Application(
            token_id=self.token.token_id,
            node_code=CODE,
            csr_der=certificates.make_request(keys.new_tls_key(), CODE),
            signing_key=keys.public_bytes(self.key.public_key()),
            host_name="host",
            platform="linux",
            agent_version="1",
        )


@dataclass
class Bureau:
    """The province's side of an enrolment, in one transaction."""

    session: Session
    clock: SetClock
    enrolment: Enrolment

    def token(self, by: str = "甲", account: str = ONE) -> TokenFile:
        self.clock.advance(dt.timedelta(seconds=1))
        return self.enrolment.issue_token(
            self.session, CODE, by=by, account=account, replace=True
        )

    def hear(self, token: TokenFile) -> Machine:
        self.clock.advance(dt.timedelta(seconds=1))
        machine = Machine(token)
        said = machine.application()
        mac = enrolment.seal(token.secret, said)
        verdict = self.enrolment.apply(self.session, said, mac)
        assert verdict.refusal is None
        return machine

    def approve(self, by: str = "乙", account: str = OTHER) -> None:
        self.clock.advance(dt.timedelta(seconds=1))
        self.enrolment.approve(self.session, CODE, by=by, account=account)

    def poll(self, machine: Machine) -> Membership:
        token_id = machine.token.token_id
        proof = enrolment.poll_proof(machine.key, token_id)
        return self.enrolment.poll(self.session, token_id, proof)

    def suspend(self) -> None:
        self.clock.advance(dt.timedelta(seconds=1))
        Suspensions(self.clock).suspend(self.session, CODE, by=ONE, reason=STOLEN)

    def reinstate(self) -> None:
        acts = Suspensions(self.clock)
        acts.ask(self.session, CODE, by=ONE, reason=FOUND)
        acts.approve(self.session, CODE, by=OTHER)

    def put(self, state: NodeState) -> None:
        """Set a node's state in the table itself."""
        self.node.state = state

    @property
    def node(self) -> FleetNode:
        node = self.session.get(FleetNode, CODE)
        assert node is not None
        return node

    def certified(self) -> int:
        query = select(func.count()).select_from(FleetCertificate)
        return self.session.scalars(query).one()

    def waiting(self) -> int:
        return self.enrolment.pending(self.session, of_service(), PageRequest()).total

    def last_events(self, count: int) -> list[tuple[str, str]]:
        query = select(FleetEvent).order_by(FleetEvent.id.desc()).limit(count)
        return [(one.kind, one.actor) for one in self.session.scalars(query)]


@pytest.fixture
def bureau(session: Session, tmp_path: Path) -> Bureau:
    clock = SetClock()
    authority = AuthorityFolder(tmp_path / "authority", clock)
    authority.create("gx")
    made = Enrolment(clock=clock, policy=POLICY, authority=authority)
    made.register(session, CODE, name="兴宁区", level="county", parent=None, by="甲")
    return Bureau(session, clock, made)


@pytest.fixture
def stolen(bureau: Bureau) -> Machine:
    """A member's machine; the node was suspended when it was gone."""
    machine = bureau.hear(bureau.token())
    bureau.approve()
    bureau.poll(machine)
    bureau.suspend()
    return machine


@pytest.mark.usefixtures("stolen")
def test_one_account_does_not_lift_a_suspension_under_two_names(bureau: Bureau) -> None:
    bureau.hear(bureau.token(by="甲", account=ONE))

    with pytest.raises(KuweiError, match=rf"enrolment\.same_person.*{CODE}.*{ONE}"):
        bureau.approve(by="乙", account=ONE)

    assert bureau.node.state == NodeState.SUSPENDED


@pytest.mark.usefixtures("stolen")
def test_two_accounts_lift_it_and_both_stand_in_the_events(bureau: Bureau) -> None:
    bureau.hear(bureau.token(by="同一人", account=ONE))

    bureau.approve(by="同一人", account=OTHER)

    assert bureau.node.state == NodeState.APPROVED
    assert bureau.last_events(4) == [
        (EventKind.APPROVED, OTHER),
        (EventKind.REINSTATED, OTHER),
        (EventKind.APPLIED, "node"),
        (EventKind.TOKEN_ISSUED, ONE),
    ]


@pytest.mark.parametrize("is_reinstated", [False, True])
def test_what_waited_before_a_suspension_is_approved_no_more(
    bureau: Bureau, *, is_reinstated: bool
) -> None:
    bureau.put(NodeState.ACTIVE)
    bureau.hear(bureau.token())
    bureau.suspend()
    if is_reinstated:
        bureau.reinstate()
    before = bureau.node.state

    with pytest.raises(KuweiError, match=r"enrolment\.before_suspension.*--replace"):
        bureau.approve()

    assert bureau.node.state == before


def test_nor_is_what_applies_afterwards_under_a_token_from_before(
    bureau: Bureau,
) -> None:
    bureau.put(NodeState.ACTIVE)
    token = bureau.token()
    bureau.suspend()
    bureau.hear(token)

    with pytest.raises(KuweiError, match=r"enrolment\.before_suspension"):
        bureau.approve()


def test_a_suspension_nobody_wrote_down_is_not_lifted_by_a_machine(
    bureau: Bureau,
) -> None:
    bureau.put(NodeState.SUSPENDED)
    bureau.hear(bureau.token())

    with pytest.raises(KuweiError, match=r"suspension_unknown.*reinstate"):
        bureau.approve()


def test_a_retired_node_gets_neither_token_nor_approval(bureau: Bureau) -> None:
    bureau.hear(bureau.token())
    bureau.put(NodeState.RETIRED)

    for act in (bureau.approve, bureau.token):
        with pytest.raises(KuweiError, match=r"node\.retired"):
            act()
    assert bureau.node.state == NodeState.RETIRED


def test_a_machine_replaced_before_it_ever_asked_gets_no_certificate(
    bureau: Bureau,
) -> None:
    first = bureau.hear(bureau.token())
    bureau.approve()
    second = bureau.hear(bureau.token())
    bureau.approve()

    with pytest.raises(KuweiError, match=r"enrolment\.replaced"):
        bureau.poll(first)

    assert bureau.certified() == 0
    assert bureau.poll(second).epoch == 2
    assert bureau.certified() == 1


def test_of_two_that_applied_the_approved_one_alone_is_left(bureau: Bureau) -> None:
    spare = bureau.token()
    bureau.hear(bureau.token())
    bureau.hear(bureau.token())

    bureau.approve()

    assert bureau.waiting() == 0
    with pytest.raises(KuweiError, match=r"enrolment\.none"):
        bureau.approve()
    kept = bureau.session.get(FleetToken, spare.token_id, populate_existing=True)
    assert kept is not None
    assert kept.expires_at <= bureau.clock.now()


def test_an_epoch_is_counted_when_a_machine_is_approved(bureau: Bureau) -> None:
    machine = bureau.hear(bureau.token())
    bureau.node.epoch = 7  # its predecessor forked meanwhile

    bureau.approve()

    assert (bureau.node.epoch, bureau.poll(machine).epoch) == (8, 8)


def test_nobody_is_certified_while_the_node_is_out(bureau: Bureau) -> None:
    machine = bureau.hear(bureau.token())
    bureau.approve()
    bureau.suspend()

    with pytest.raises(KuweiError, match=rf"node\.denied.*{STOLEN}"):
        bureau.poll(machine)
    denied = bureau.certified()
    bureau.reinstate()

    assert denied == 0
    assert bureau.poll(machine).chain_pem
