"""Keys: Ed25519 signs envelopes, P-256 speaks TLS.

Guards one rule: a private key leaves this module only as PEM bytes for the key
store that asked for it, never in a log, an error or a message.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from kuwei_shared.kernel.errors import KuweiError

SIGNING_KEY_BYTES = 32


def new_signing_key() -> Ed25519PrivateKey:
    """Make a key that signs envelopes."""
    return Ed25519PrivateKey.generate()


def new_tls_key() -> EllipticCurvePrivateKey:
    """Make a key that speaks TLS."""
    return generate_private_key(SECP256R1())


def keyid(key: Ed25519PublicKey | EllipticCurvePublicKey) -> str:
    """Return the name of a public key: SHA-256 of its DER form, hexadecimal."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def public_bytes(key: Ed25519PublicKey) -> bytes:
    """Return the 32 raw bytes of a signing key's public half."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_key(raw: bytes) -> Ed25519PublicKey:
    """Read the public half of a signing key from its 32 raw bytes.

    Raises:
        KuweiError: ``key.malformed``.
    """
    if len(raw) != SIGNING_KEY_BYTES:
        raise KuweiError("key.malformed", "签名公钥须为 32 字节,请重新生成密钥。")
    return Ed25519PublicKey.from_public_bytes(raw)


def private_pem(key: Ed25519PrivateKey | EllipticCurvePrivateKey) -> bytes:
    """Return a private key as PEM, for a key store that keeps it unreadable."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def signing_key(pem: bytes) -> Ed25519PrivateKey:
    """Read a signing key from PEM.

    Raises:
        KuweiError: ``key.malformed``.
    """
    key = _load(pem)
    if not isinstance(key, Ed25519PrivateKey):
        raise KuweiError("key.malformed", "该文件不是 Ed25519 签名私钥。")
    return key


def tls_key(pem: bytes) -> EllipticCurvePrivateKey:
    """Read a TLS key from PEM.

    Raises:
        KuweiError: ``key.malformed``.
    """
    key = _load(pem)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise KuweiError("key.malformed", "该文件不是 P-256 私钥。")
    return key


def _load(pem: bytes) -> object:
    try:
        return load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KuweiError(
            "key.malformed", "私钥文件无法读取,请从备份恢复或重新入网。"
        ) from error
