"""Keys are read as what they must be, or refused with what is wrong."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.trust import dsse, keys

SIGNING, TLS = keys.new_signing_key(), ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)
LOCKED = SIGNING.private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
)


def test_both_kinds_of_key_come_back_from_their_files() -> None:
    signing = keys.signing_key(keys.private_pem(SIGNING))
    tls = keys.tls_key(keys.private_pem(TLS))

    assert keys.public_bytes(signing.public_key()) == keys.public_bytes(
        SIGNING.public_key()
    )
    assert tls.private_numbers() == TLS.private_numbers()


@pytest.mark.parametrize("pem", [b"", b"nonsense", RSA, LOCKED, keys.private_pem(TLS)])
def test_what_is_no_signing_key_is_refused(pem: bytes) -> None:
    with pytest.raises(KuweiError, match=r"key\.malformed"):
        keys.signing_key(pem)


@pytest.mark.parametrize(
    "pem", [b"", b"nonsense", RSA, LOCKED, keys.private_pem(SIGNING)]
)
def test_what_is_no_tls_key_is_refused(pem: bytes) -> None:
    with pytest.raises(KuweiError, match=r"key\.malformed"):
        keys.tls_key(pem)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_public_key_has_its_length(length: int) -> None:
    with pytest.raises(KuweiError, match=r"key\.malformed"):
        keys.public_key(bytes(length))


def test_no_more_signatures_are_looked_at_than_anybody_gives() -> None:
    good = dsse.sign(b"figures", "text/plain", SIGNING)
    many = dsse.Signed(
        payload_type=good.payload_type,
        payload=good.payload,
        signatures=good.signatures * (dsse.SIGNATURES_MAX + 1),
    )

    with pytest.raises(KuweiError, match=r"signature\.invalid.*上限"):
        dsse.verify(many, "text/plain", SIGNING.public_key())
