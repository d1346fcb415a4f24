"""Signing keys at rest: one encrypted PEM per key, and who holds which.

In this version all keys lie in one folder under one passphrase, on the hub. Root
and targets keys belong offline, each with its holder; nothing here does that yet
(SECURITY.md, ADR 13). Only the three online keys must be on the hub.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner, Signer, SSlibKey

from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.releases.files import replace_file
from kuwei_shared.releases.layout import RoleName

ONLINE = (RoleName.SNAPSHOT, RoleName.TIMESTAMP, RoleName.DIRECTOR)
NOTICE = """此文件夹存放本省全部发布签名密钥,私钥以同一口令加密。
取得文件夹与口令者可签发任何目录。
正式运行前:根密钥与目标密钥应离线或在密码机内由各保管人分别持有。
本版本尚未做到,见 SECURITY.md。
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineSigners:
    """The keys a running hub signs with; none of them can approve a rule."""

    snapshot: Signer
    timestamp: Signer
    director: Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewedKeys:
    """Fresh online keys on disk that nobody signs with before they are adopted.

    Attributes:
        names: of their files, by role.
        public: their public halves, by role.
    """

    names: Mapping[RoleName, str]
    public: Mapping[RoleName, SSlibKey]
    online: OnlineSigners


class KeyFolder:
    """Encrypted signing keys in a folder, by role and holder.

    Attributes:
        folder: holds ``holders.json`` and ``<name>.pem`` files, mode 0600.
        passphrase: opens the PEM files; never stored here.
    """

    def __init__(self, folder: Path, passphrase: str) -> None:
        self.folder = folder
        self._passphrase = passphrase.encode()

    @property
    def exists(self) -> bool:
        """Whether keys were made here before."""
        return (self.folder / "holders.json").exists()

    def create(self, holders: Mapping[RoleName, Sequence[str]]) -> None:
        """Make one key per role and holder.

        Raises:
            KuweiError: ``keys.exist`` rather than overwrite any key, and
                ``keys.no_passphrase`` rather than keep one in the clear.
        """
        if self.exists:
            raise KuweiError(
                "keys.exist",
                f"密钥文件夹 {self.folder} 已有密钥,不会覆盖。",
                kind=Kind.CONFLICT,
            )
        if not self._passphrase:
            raise KuweiError(
                "keys.no_passphrase", "请先设置签名密钥的口令(KUWEI_KEYS_PASSPHRASE)。"
            )
        names: dict[str, dict[str, str]] = {}
        for role, people in holders.items():
            numbered = enumerate(people, start=1)
            names[role] = {person: f"{role}-{n}" for n, person in numbered}
            for name in names[role].values():
                self._write(name, Ed25519PrivateKey.generate())
        replace_file(self.folder / "README.txt", NOTICE.encode())
        self._list(names)

    def holders(self, role: RoleName) -> list[str]:
        """Return who holds a key of a role."""
        return list(self._names().get(role, {}))

    def signer(self, role: RoleName, holder: str) -> CryptoSigner:
        """Unlock one holder's key.

        Raises:
            KuweiError: ``keys.no_holder`` or ``keys.locked``.
        """
        name = self._names().get(role, {}).get(holder)
        if name is None:
            raise KuweiError(
                "keys.no_holder",
                f"“{holder}”不是 {role} 密钥的保管人,不能签名。",
                kind=Kind.DENIED,
            )
        return CryptoSigner(self._read(name))

    def online(self) -> OnlineSigners:
        """Unlock the three keys a running hub needs."""
        snapshot, timestamp, director = (
            self.signer(role, self.holders(role)[0]) for role in ONLINE
        )
        return OnlineSigners(snapshot=snapshot, timestamp=timestamp, director=director)

    def renew_online(self) -> RenewedKeys:
        """Make fresh keys for the online roles beside those in use."""
        names = {role: self._unused(role) for role in ONLINE}
        for name in names.values():
            self._write(name, Ed25519PrivateKey.generate())
        made = {role: CryptoSigner(self._read(name)) for role, name in names.items()}
        snapshot, timestamp, director = (made[role] for role in ONLINE)
        return RenewedKeys(
            names=names,
            public={role: signer.public_key for role, signer in made.items()},
            online=OnlineSigners(
                snapshot=snapshot, timestamp=timestamp, director=director
            ),
        )

    def adopt(self, renewed: RenewedKeys) -> None:
        """Sign with fresh keys from now on; the former stay on disk, unused."""
        names = self._names()
        for role, name in renewed.names.items():
            names[role] = dict.fromkeys(names[role], name)
        self._list(names)

    def public(self, role: RoleName) -> list[SSlibKey]:
        """Return the public halves of a role's keys."""
        return [self.signer(role, person).public_key for person in self.holders(role)]

    def _unused(self, role: RoleName) -> str:
        taken = {path.stem for path in self.folder.glob("*.pem")}
        return next(name for n in count(1) if (name := f"{role}-{n}") not in taken)

    def _list(self, names: Mapping[str, Mapping[str, str]]) -> None:
        listing = json.dumps(names, ensure_ascii=False, indent=1)
        replace_file(self.folder / "holders.json", listing.encode())

    def _names(self) -> dict[str, dict[str, str]]:
        try:
            text = (self.folder / "holders.json").read_text("utf-8")
        except FileNotFoundError as error:
            raise KuweiError(
                "keys.none",
                f"{self.folder} 中没有签名密钥,请先执行 kuwei-hub release-init。",
                kind=Kind.MISSING,
            ) from error
        names: dict[str, dict[str, str]] = json.loads(text)
        return names

    def _write(self, name: str, key: Ed25519PrivateKey) -> None:
        pem = key.private_bytes(
            Encoding.PEM,
            PrivateFormat.PKCS8,
            BestAvailableEncryption(self._passphrase),
        )
        replace_file(self.folder / f"{name}.pem", pem, mode=0o600)

    def _read(self, name: str) -> Ed25519PrivateKey:
        pem = (self.folder / f"{name}.pem").read_bytes()
        try:
            key = load_pem_private_key(pem, self._passphrase)
        except (ValueError, TypeError) as error:
            raise KuweiError(
                "keys.locked", f"口令不能打开密钥 {name}。", kind=Kind.DENIED
            ) from error
        assert isinstance(key, Ed25519PrivateKey)  # we wrote it
        return key
