"""What distribution needs from the rest of the hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.orm import Session

from kuwei_hub.fleet.domain import EventKind
from kuwei_shared.releases.keys import OnlineSigners


class NodeKeys(Protocol):
    """Tells which key a node signs with; the fleet fulfils it."""

    def __call__(self, session: Session, code: str) -> Ed25519PublicKey | None:
        """Return a member's signing key, None for anyone else."""
        ...


Alarm = Callable[[Session, str, EventKind, str], None]
"""Records that something about a node is not as it should be; the fleet's."""

Announce = Callable[[Session, str], None]
"""Tells waiting nodes, once the transaction commits, that a topic has news."""

Online = Callable[[], OnlineSigners]
"""Unlocks the hub's own keys when something must be signed."""
