"""The node's keys, certificates and epoch as files beside, not in, the database.

A restored database must not bring back an old epoch, and a stolen backup of it
must not bring a key. Private files have mode 0600.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kuwei_node.uplink.domain import Identity
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.releases.files import replace_file
from kuwei_shared.trust import keys

SECRET_MODE = 0o600


class IdentityFolder:
    """Reads and writes what makes this node this node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def is_enrolled(self) -> bool:
        """Whether enrolment was completed here."""
        return self._path("identity.json").exists()

    def read(self) -> Identity:
        """Return who this node is.

        Raises:
            KuweiError: ``identity.missing`` before enrolment.
        """
        raw = json.loads(self.load("identity.json"))
        return Identity(
            node_code=raw["node_code"],
            identity=raw["identity"],
            epoch=raw["epoch"],
            grpc_address=raw["grpc_address"],
            hub_key=base64.b64decode(raw["hub_key"]),
        )

    def write(self, identity: Identity) -> None:
        """Write who this node is, whole and durably."""
        raw = dataclasses.asdict(identity)
        raw["hub_key"] = base64.b64encode(identity.hub_key).decode()
        self.keep("identity.json", json.dumps(raw, indent=2).encode())

    def signing_key(self) -> Ed25519PrivateKey:
        """Return the key that signs envelopes and reports."""
        return keys.signing_key(self.load("signing.key"))

    def load(self, name: str) -> bytes:
        """Return a file of the folder.

        Raises:
            KuweiError: ``identity.missing``.
        """
        try:
            return self._path(name).read_bytes()
        except OSError as error:
            raise KuweiError(
                "identity.missing",
                f"缺少身份文件 {name},请先运行 kuwei-node enrol。",
                kind=Kind.MISSING,
            ) from error

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        return self._path(name).exists()

    def keep(self, name: str, data: bytes) -> None:
        """Write a file only its owner may read."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(self._path(name), data, mode=SECRET_MODE)

    def forget(self, name: str) -> None:
        """Remove a file that is no longer needed."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.folder / name
