"""Who is calling, decided again on every call.

TLS asks for the certificate when a connection opens and never again: a connection
outlives expiry and revocation (wire.md b.5, measured). So each call reads the
certificate gRPC hands over, its time, its identity and the denylist.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from cryptography import x509

from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.trust import certificates

CONNECTIONS_REMEMBERED = 4096
Context = Any  # grpc.aio's contexts are untyped


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A node whose certificate holds at this moment."""

    node_code: str
    identity: str
    serial: int


class Denials(Protocol):
    """Knows whom the fleet no longer admits."""

    def refuse(self, peer: Peer) -> None:
        """Raise a KuweiError if the peer is denied, or if nobody can tell."""
        ...


_current: ContextVar[Peer] = ContextVar("kuwei_peer")


def current() -> Peer:
    """Return the peer of the running call.

    Raises:
        LookupError: on a port whose server has no Guard; a programming error.
    """
    return _current.get()


class Guard:
    """Admits a call or raises; one per server."""

    def __init__(self, *, trust_domain: str, clock: Clock, denials: Denials) -> None:
        self.trust_domain = trust_domain
        self.clock = clock
        self.denials = denials

    def admit(self, context: Context) -> None:
        """Check the caller's certificate and remember the peer for this call.

        Raises:
            KuweiError: ``certificate.*`` or whatever the denylist says.
        """
        pems = context.auth_context().get("x509_pem_cert", ())
        leaf = _leaf(_one(list(pems)))
        certificates.check_time(leaf, self.clock.now())
        code = certificates.node_code(self.trust_domain, leaf.identity)
        peer = Peer(node_code=code, identity=leaf.identity, serial=leaf.serial)
        self.denials.refuse(peer)
        _current.set(peer)

    def admit_still(self) -> None:
        """Raise if the peer of the running call was denied since it was admitted.

        Raises:
            KuweiError: whatever the denylist says.
        """
        self.denials.refuse(current())


def _one(pems: list[bytes]) -> bytes:
    if len(pems) != 1:
        raise KuweiError(
            "certificate.missing",
            "请求没有节点证书,请先完成入网。",
            kind=Kind.UNAUTHENTICATED,
        )
    return pems[0]


@lru_cache(maxsize=CONNECTIONS_REMEMBERED)
def _leaf(pem: bytes) -> certificates.Leaf:
    return certificates.read_leaf(x509.load_pem_x509_certificate(pem))
