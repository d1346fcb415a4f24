from __future__ import annotations

import datetime as dt
from pathlib import Path

import federation_lab as lab
import grpc
import pytest

from kuwei_node.uplink.adapters.hub import GrpcHub, open_channel
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.trust import certificates, keys
from kuwei_shared.trust.certificates import Authority

pytestmark = pytest.mark.federation


def dial_as(
    province: lab.Province, issuer: Authority, identity: str
) -> tuple[grpc.Channel, GrpcHub]:
    key = keys.new_tls_key()
    leaf = certificates.issue_client(
        issuer, key.public_key(), identity, province.clock.now()
    )
    channel = open_channel(
        f"localhost:{province.ports.members}",
        trust_pem=province.hub.authority.trust_pem(),
        key_pem=keys.private_pem(key),
        chain_pem=certificates.chain_pem(leaf, issuer.certificate),
    )
    return channel, GrpcHub(channel, province.clock)


def test_an_error_crosses_the_call_with_its_type(member: lab.Member) -> None:
    member.line.greet()

    with pytest.raises(KuweiError) as caught:
        GrpcHub(member.channel, member.clock).hello(0, {})

    assert caught.value.code == "session.epoch_stale"
    assert caught.value.kind is Kind.CONFLICT
    assert "纪元" in caught.value.message


def test_a_denied_node_is_refused_on_its_open_connection(
    province: lab.Province, member: lab.Member
) -> None:
    member.line.greet()

    province.suspend()

    for call in (member.line.greet, member.line.pulse):
        with pytest.raises(KuweiError, match=r"node\.denied"):
            call()
    with pytest.raises(KuweiError, match=r"node\.denied"):
        member.line.listen(100)


def test_a_certificate_that_ran_out_is_refused_on_its_open_connection(
    province: lab.Province, member: lab.Member
) -> None:
    member.line.greet()

    province.clock.advance(dt.timedelta(days=7))
    province.look()

    with pytest.raises(KuweiError, match=r"certificate\.expired"):
        member.line.greet()


def test_a_denylist_nobody_refreshed_refuses_everybody(
    province: lab.Province, member: lab.Member
) -> None:
    member.line.greet()

    province.clock.advance(dt.timedelta(minutes=2))

    with pytest.raises(KuweiError, match=r"node\.unchecked"):
        member.line.greet()


def test_a_certificate_of_another_authority_does_not_connect(
    province: lab.Province,
) -> None:
    now = province.clock.now()
    root = certificates.make_root("root", keys.new_tls_key(), now)
    issuer = certificates.make_issuer("issuer", keys.new_tls_key(), root, now)
    channel, hub = dial_as(province, issuer, "spiffe://fiscal.gx/node/450102000")

    with pytest.raises(KuweiError, match=r"rpc\.unreachable"):
        hub.hello(1, {})
    channel.close()


def test_no_certificate_does_not_connect(province: lab.Province) -> None:
    trust = grpc.ssl_channel_credentials(province.hub.authority.trust_pem())
    channel = grpc.secure_channel(f"localhost:{province.ports.members}", trust)

    with pytest.raises(KuweiError, match=r"rpc\.unreachable"):
        GrpcHub(channel, province.clock).hello(1, {})
    channel.close()


@pytest.mark.parametrize(
    "identity", ["spiffe://fiscal.gx/hub", "spiffe://fiscal.gd/node/450102000"]
)
def test_a_certificate_that_names_no_node_of_ours_is_refused(
    province: lab.Province, identity: str
) -> None:
    issuer = province.hub.authority.issuer()
    channel, hub = dial_as(province, issuer, identity)

    with pytest.raises(KuweiError, match=r"certificate\.foreign"):
        hub.hello(1, {})
    channel.close()


def test_a_certified_node_nobody_registered_is_refused(
    province: lab.Province,
) -> None:
    issuer = province.hub.authority.issuer()
    channel, hub = dial_as(province, issuer, "spiffe://fiscal.gx/node/450303000")

    with pytest.raises(KuweiError, match=r"node\.unknown"):
        hub.hello(1, {})
    channel.close()


def test_the_applicants_port_serves_no_member_calls(
    province: lab.Province, member: lab.Member
) -> None:
    load = member.identity_folder.load
    channel = open_channel(
        f"localhost:{province.ports.applicants}",
        trust_pem=load("trust.pem"),
        key_pem=load("tls.key"),
        chain_pem=load("chain.pem"),
    )

    with pytest.raises(KuweiError, match=r"rpc\.failed"):
        GrpcHub(channel, province.clock).hello(1, {})
    channel.close()


def test_a_clock_two_minutes_off_may_greet_but_not_submit(
    province: lab.Province, member: lab.Member
) -> None:
    member.clock = SetClock(province.clock.now() + dt.timedelta(minutes=3))
    member.dial(province)

    hello = member.line.greet()
    member.see(lab.MONDAY, 1)
    member.line.record()

    assert hello.features == ("clock_suspect",)
    with pytest.raises(KuweiError, match=r"session\.clock_suspect"):
        member.line.send()


@pytest.mark.usefixtures("member")
def test_private_files_are_readable_by_their_owner_alone(folder: Path) -> None:
    secret = [*folder.rglob("*.key"), *folder.rglob("identity.json")]

    assert len(secret) >= 5
    assert {oct(path.stat().st_mode & 0o777) for path in secret} == {"0o600"}
