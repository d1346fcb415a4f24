"""How a token is proved without being shown.

The token's secret never crosses the wire: it keys an HMAC over everything the
application says, so a relay or an eavesdropper can neither use nor alter it.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

TOKEN_ID_BYTES = 16
SECRET_BYTES = 32
POLL_CONTEXT = b"kuwei/enrolment-poll/1\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a node says when it applies for membership."""

    token_id: bytes
    node_code: str
    csr_der: bytes
    signing_key: bytes
    host_name: str
    platform: str
    agent_version: str

    def transcript(self) -> bytes:
        """Return all fields, each with its length, under this format's name."""
        fields = (
            self.token_id,
            self.node_code.encode(),
            self.csr_der,
            self.signing_key,
            self.host_name.encode(),
            self.platform.encode(),
            self.agent_version.encode(),
        )
        body = b"".join(len(one).to_bytes(4, "big") + one for one in fields)
        return b"kuwei/enrolment/1\x00" + body

    def digest(self) -> bytes:
        """Return the SHA-256 that tells a repeated application from a second one."""
        return hashlib.sha256(self.transcript()).digest()


def seal(secret: bytes, application: Application) -> bytes:
    """Return the HMAC that proves the token over this application."""
    return hmac.digest(secret, application.transcript(), "sha256")


def is_sealed(secret: bytes, application: Application, mac: bytes) -> bool:
    """Whether the HMAC was made with this secret; takes constant time."""
    return hmac.compare_digest(seal(secret, application), mac)


def poll_proof(key: Ed25519PrivateKey, token_id: bytes) -> bytes:
    """Return the proof that the asker holds the applied-for signing key.

    Replaying it yields the certificate again, which is public.
    """
    return key.sign(POLL_CONTEXT + token_id)


def is_polled_by(key: Ed25519PublicKey, token_id: bytes, proof: bytes) -> bool:
    """Whether the holder of the key asked."""
    try:
        key.verify(proof, POLL_CONTEXT + token_id)
    except InvalidSignature:
        return False
    return True
