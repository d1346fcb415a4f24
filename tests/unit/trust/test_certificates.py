from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.trust import certificates, keys

NOW = dt.datetime(2026, 1, 5, 1, 0, tzinfo=dt.UTC)
DOMAIN = "fiscal.gx"
CODE = "450102000"
ROOT = certificates.make_root("root", keys.new_tls_key(), NOW)
ISSUER = certificates.make_issuer("issuer", keys.new_tls_key(), ROOT, NOW)


def issued() -> x509.Certificate:
    identity = certificates.node_identity(DOMAIN, CODE)
    key = keys.new_tls_key().public_key()
    return certificates.issue_client(ISSUER, key, identity, NOW)


def verifier() -> PolicyBuilder:
    return PolicyBuilder().store(Store([ROOT.certificate])).time(NOW)


def test_a_leaf_carries_one_identity_for_seven_days() -> None:
    leaf = certificates.read_leaf(issued())

    assert leaf.identity == "spiffe://fiscal.gx/node/450102000"
    assert leaf.not_after - NOW == dt.timedelta(days=7)
    assert NOW - leaf.not_before == dt.timedelta(minutes=10)


def test_a_leaf_chains_to_the_pinned_root() -> None:
    client = verifier().build_client_verifier()

    chain = client.verify(issued(), [ISSUER.certificate]).chain

    assert chain[-1] == ROOT.certificate


def test_a_leaf_of_another_authority_does_not_chain() -> None:
    other = certificates.make_root("root", keys.new_tls_key(), NOW)
    client = PolicyBuilder().store(Store([other.certificate])).time(NOW)

    with pytest.raises(VerificationError):
        client.build_client_verifier().verify(issued(), [ISSUER.certificate])


def test_a_nodes_leaf_cannot_pose_as_the_hub() -> None:
    server = verifier().build_server_verifier(x509.DNSName("localhost"))

    with pytest.raises(VerificationError):
        server.verify(issued(), [ISSUER.certificate])


def test_a_servers_leaf_answers_under_its_names() -> None:
    leaf = certificates.issue_server(
        ISSUER,
        keys.new_tls_key().public_key(),
        identity=certificates.hub_identity(DOMAIN),
        server_names=["localhost", "127.0.0.1"],
        now=NOW,
    )
    server = verifier().build_server_verifier(x509.DNSName("localhost"))

    assert server.verify(leaf, [ISSUER.certificate])


def test_a_leaf_counts_until_its_last_moment_and_not_after() -> None:
    leaf = certificates.read_leaf(issued())

    certificates.check_time(leaf, leaf.not_after - dt.timedelta(seconds=1))
    with pytest.raises(KuweiError, match=r"certificate\.expired"):
        certificates.check_time(leaf, leaf.not_after)
    with pytest.raises(KuweiError, match=r"certificate\.early"):
        certificates.check_time(leaf, leaf.not_before - dt.timedelta(seconds=1))


def test_a_leaf_is_renewed_from_half_of_its_life() -> None:
    leaf = issued()

    assert not certificates.past_half_life(leaf, NOW + dt.timedelta(days=3))
    assert certificates.past_half_life(leaf, NOW + dt.timedelta(days=4))


def test_a_leaf_never_outlives_its_issuer() -> None:
    late = NOW + dt.timedelta(days=88)
    key = keys.new_tls_key().public_key()

    leaf = certificates.issue_client(ISSUER, key, "spiffe://fiscal.gx/hub", late)

    assert leaf.not_valid_after_utc == ISSUER.certificate.not_valid_after_utc


def test_a_request_yields_only_its_key() -> None:
    key = keys.new_tls_key()

    found = certificates.requested_key(certificates.make_request(key, CODE))

    assert found == key.public_key()


def test_an_altered_or_weak_request_is_refused() -> None:
    request = bytearray(certificates.make_request(keys.new_tls_key(), CODE))
    request[-1] ^= 1
    weak = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    small = weak.sign(ec.generate_private_key(ec.SECP192R1()), SHA256())

    for broken in (bytes(request), small.public_bytes(Encoding.DER), b"", b"\x30\x00"):
        with pytest.raises(KuweiError, match=r"request\.malformed"):
            certificates.requested_key(broken)


@pytest.mark.parametrize(
    "identity",
    [
        "spiffe://fiscal.gx/hub",
        "spiffe://fiscal.gd/node/450102000",
        "spiffe://fiscal.gx/node/450102000/x",
        "spiffe://fiscal.gx/node/",
        CODE,
    ],
)
def test_any_other_identity_is_not_a_node(identity: str) -> None:
    with pytest.raises(KuweiError, match=r"certificate\.foreign"):
        certificates.node_code(DOMAIN, identity)
