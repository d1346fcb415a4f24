"""Certificates: who may issue them, what is in them, when they still count.

Invariants:
* a leaf names exactly one SPIFFE identity, taken from the hub's registry and never
  from the request: a request contributes its public key and nothing else;
* a node's leaf is good for calling, not for serving, so no node can pose as the hub;
* times are ``[now − 10 min, now + life)``: a slow clock does not lock a node out.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kuwei_shared.kernel.errors import Kind, KuweiError

BACKDATE = dt.timedelta(minutes=10)
ROOT_LIFE = dt.timedelta(days=3650)
ISSUER_LIFE = dt.timedelta(days=90)
LEAF_LIFE = dt.timedelta(days=7)
P256_BITS = 256
DIVISION_CODE = re.compile(r"[0-9]{9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A certificate and the key that issues under it."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What a verified certificate says about its bearer."""

    identity: str
    serial: int
    not_before: dt.datetime
    not_after: dt.datetime


def node_identity(trust_domain: str, code: str) -> str:
    """Return the SPIFFE identity of a node (https://spiffe.io, SPIFFE-ID §2)."""
    return f"spiffe://{trust_domain}/node/{code}"


def hub_identity(trust_domain: str) -> str:
    """Return the SPIFFE identity of the hub."""
    return f"spiffe://{trust_domain}/hub"


def node_code(trust_domain: str, identity: str) -> str:
    """Return the division code in a node's identity.

    Raises:
        KuweiError: ``certificate.foreign`` for any other identity.
    """
    prefix = f"spiffe://{trust_domain}/node/"
    code = identity.removeprefix(prefix)
    if code == identity or not DIVISION_CODE.fullmatch(code):
        raise KuweiError(
            "certificate.foreign", "证书不属于本省节点,已拒绝。", kind=Kind.DENIED
        )
    return code


def make_root(name: str, key: EllipticCurvePrivateKey, now: dt.datetime) -> Authority:
    """Make the root everybody pins; its key belongs off line."""
    subject = _name(name)
    draft = _draft(subject, subject, key.public_key(), now, ROOT_LIFE)
    certificate = _as_authority(draft, path_length=1).sign(key, SHA256())
    return Authority(certificate=certificate, key=key)


def make_issuer(
    name: str, key: EllipticCurvePrivateKey, root: Authority, now: dt.datetime
) -> Authority:
    """Make the issuing authority that signs leaves from day to day."""
    draft = _draft(
        _name(name), root.certificate.subject, key.public_key(), now, ISSUER_LIFE
    )
    certificate = _as_authority(draft, path_length=0).sign(root.key, SHA256())
    return Authority(certificate=certificate, key=key)


def make_request(key: EllipticCurvePrivateKey, code: str) -> bytes:
    """Return a DER request that proves possession of a TLS key."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(code))
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


def requested_key(request_der: bytes) -> EllipticCurvePublicKey:
    """Return the key of a request whose self-signature holds.

    Raises:
        KuweiError: ``request.malformed``.
    """
    try:
        request = x509.load_der_x509_csr(request_der)
        key = request.public_key()
        sound = request.is_signature_valid
    except ValueError as error:
        raise _malformed() from error
    if not sound or not isinstance(key, EllipticCurvePublicKey):
        raise _malformed()
    if key.key_size != P256_BITS:
        raise _malformed()
    return key


def issue_client(
    issuer: Authority, key: EllipticCurvePublicKey, identity: str, now: dt.datetime
) -> x509.Certificate:
    """Issue a seven-day leaf with which a node may call the hub."""
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(identity)]
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return _issue(issuer, key, names=names, usage=usage, now=now)


def issue_server(
    issuer: Authority,
    key: EllipticCurvePublicKey,
    *,
    identity: str,
    server_names: Sequence[str],
    now: dt.datetime,
) -> x509.Certificate:
    """Issue a seven-day leaf with which the hub answers under its names."""
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(identity)]
    names += [_server_name(name) for name in server_names]
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return _issue(issuer, key, names=names, usage=usage, now=now)


def read_leaf(certificate: x509.Certificate) -> Leaf:
    """Read the bearer of a certificate whose chain TLS has verified.

    Raises:
        KuweiError: ``certificate.foreign`` unless it names exactly one identity.
    """
    try:
        extension = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
        uris = extension.value.get_values_for_type(x509.UniformResourceIdentifier)
    except x509.ExtensionNotFound:
        uris = []
    if len(uris) != 1:
        raise KuweiError(
            "certificate.foreign", "证书没有唯一身份,已拒绝。", kind=Kind.DENIED
        )
    return Leaf(
        identity=uris[0],
        serial=certificate.serial_number,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def check_time(leaf: Leaf, now: dt.datetime) -> None:
    """Refuse a bearer whose time is over; TLS asks only when a connection opens.

    Raises:
        KuweiError: ``certificate.expired`` or ``certificate.early``.
    """
    if now >= leaf.not_after:
        raise KuweiError(
            "certificate.expired",
            "证书已过期,请续期或申请新的入网令牌。",
            kind=Kind.UNAUTHENTICATED,
        )
    if now < leaf.not_before:
        raise KuweiError(
            "certificate.early",
            "证书尚未生效,请核对本机时钟。",
            kind=Kind.UNAUTHENTICATED,
        )


def past_half_life(certificate: x509.Certificate, now: dt.datetime) -> bool:
    """Whether it is time to issue a successor (SPIRE renews at half life)."""
    start = certificate.not_valid_before_utc
    return now >= start + (certificate.not_valid_after_utc - start) / 2


def chain_pem(*certificates: x509.Certificate) -> bytes:
    """Return certificates as PEM, leaf first."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def _issue(
    issuer: Authority,
    key: EllipticCurvePublicKey,
    *,
    names: list[x509.GeneralName],
    usage: x509.ExtendedKeyUsage,
    now: dt.datetime,
) -> x509.Certificate:
    life = min(LEAF_LIFE, issuer.certificate.not_valid_after_utc - now)
    draft = _draft(_name("kuwei"), issuer.certificate.subject, key, now, life)
    draft = (
        draft.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(usage, critical=False)
        .add_extension(_key_usage(certifies=False), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
            critical=False,
        )
    )
    return draft.sign(issuer.key, SHA256())


def _as_authority(
    draft: x509.CertificateBuilder, *, path_length: int
) -> x509.CertificateBuilder:
    return draft.add_extension(
        x509.BasicConstraints(ca=True, path_length=path_length), critical=True
    ).add_extension(_key_usage(certifies=True), critical=True)


def _draft(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePublicKey,
    now: dt.datetime,
    life: dt.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, certifies: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certifies,
        crl_sign=certifies,
        encipher_only=False,
        decipher_only=False,
    )


def _server_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _malformed() -> KuweiError:
    return KuweiError(
        "request.malformed", "证书请求须为 P-256 且自签有效,请在节点上重新生成。"
    )
