"""Dead Simple Signing Envelope: signatures over opaque bytes and their type.

Invariants (https://github.com/secure-systems-lab/dsse, protocol.md):
* what is signed is the pre-authentication encoding, so bytes of one type can never
  be passed off as another (PAE binds type and lengths);
* a verifier names the type and the key it expects; there is no default and no way
  to skip (an optional check is how CVE-2022-39199 happened);
* the payload is handed out only by ``verify``.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.trust.keys import keyid

SIGNATURES_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature: whose, and its bytes."""

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Bytes nobody has verified yet, with the signatures that came along."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding that is actually signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, payload_type: str, key: Ed25519PrivateKey) -> Signed:
    """Sign bytes as one type."""
    signature = Signature(
        keyid=keyid(key.public_key()), sig=key.sign(pae(payload_type, payload))
    )
    return Signed(payload_type=payload_type, payload=payload, signatures=(signature,))


def verify(signed: Signed, payload_type: str, key: Ed25519PublicKey) -> bytes:
    """Return the payload if the key signed it as this type.

    Raises:
        KuweiError: ``signature.wrong_type`` or ``signature.invalid``.
    """
    if signed.payload_type != payload_type:
        raise _refusal("signature.wrong_type", "签名内容的类型与预期不符。")
    if len(signed.signatures) > SIGNATURES_MAX:
        raise _refusal("signature.invalid", "签名数量超出上限。")
    encoded = pae(payload_type, signed.payload)
    name = keyid(key)
    if not any(
        _holds(key, one.sig, encoded) for one in signed.signatures if one.keyid == name
    ):
        raise _refusal("signature.invalid", "签名无效或不是预期的密钥所签,内容已拒收。")
    return signed.payload


def to_json(signed: Signed) -> bytes:
    """Write the JSON form of the specification, for files."""
    return json.dumps(
        {
            "payloadType": signed.payload_type,
            "payload": base64.b64encode(signed.payload).decode(),
            "signatures": [
                {"keyid": one.keyid, "sig": base64.b64encode(one.sig).decode()}
                for one in signed.signatures
            ],
        },
        sort_keys=True,
    ).encode()


def from_json(document: bytes) -> Signed:
    """Read the JSON form.

    Raises:
        KuweiError: ``signature.malformed``.
    """
    try:
        raw = json.loads(document)
        return Signed(
            payload_type=str(raw["payloadType"]),
            payload=base64.b64decode(raw["payload"], validate=True),
            signatures=tuple(
                Signature(
                    keyid=str(one["keyid"]),
                    sig=base64.b64decode(one["sig"], validate=True),
                )
                for one in raw["signatures"]
            ),
        )
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise _refusal("signature.malformed", "签名文件格式不正确。") from error


def _holds(key: Ed25519PublicKey, sig: bytes, encoded: bytes) -> bool:
    try:
        key.verify(sig, encoded)
    except InvalidSignature:
        return False
    return True


def _refusal(code: str, message: str) -> KuweiError:
    return KuweiError(code, message, kind=Kind.DENIED)
