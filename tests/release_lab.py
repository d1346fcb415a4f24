"""A province's release repository in a folder, and nodes that may be lied to.

The lab implements the production ports (files, fetcher), so every attack runs
through the code a node runs.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, TargetFile, Targets

from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.releases.assignment import Assignment, write_rollout
from kuwei_shared.releases.client import ReleaseClient
from kuwei_shared.releases.fetcher import EagerFetcher
from kuwei_shared.releases.files import FolderFiles
from kuwei_shared.releases.keys import KeyFolder, OnlineSigners
from kuwei_shared.releases.layout import RoleName, Stamp, missing
from kuwei_shared.releases.repository import Repository, Trust

AUTHOR, APPROVER, THIRD = "规则起草岗", "规则审批岗", "主管领导"
HOLDERS = {
    RoleName.ROOT: ("根密钥一", "根密钥二", "根密钥三"),
    RoleName.TARGETS: (AUTHOR, APPROVER, THIRD),
    RoleName.SNAPSHOT: ("省级中心",),
    RoleName.TIMESTAMP: ("省级中心",),
    RoleName.DIRECTOR: ("省级中心",),
}


def signers(keys: KeyFolder, role: RoleName, count: int = 2) -> list[CryptoSigner]:
    return [keys.signer(role, person) for person in keys.holders(role)[:count]]


def trust_of(keys: KeyFolder) -> Trust:
    return Trust(keys={role: keys.public(role) for role in HOLDERS})


@dataclass
class Province:
    """The honest publisher."""

    folder: Path
    clock: SetClock
    keys: KeyFolder
    online: OnlineSigners
    repository: Repository
    root: bytes

    @classmethod
    def found(cls, folder: Path, clock: SetClock) -> Province:
        keys = KeyFolder(folder / "keys", "口令")
        keys.create(HOLDERS)
        online = keys.online()
        repository = Repository(FolderFiles(folder / "repository"), clock)
        root = repository.create(
            trust_of(keys),
            root=signers(keys, RoleName.ROOT),
            targets=signers(keys, RoleName.TARGETS),
            online=online,
        )
        return cls(folder, clock, keys, online, repository, root)

    def publish(
        self, serial: int, data: bytes = b"rules", *, floor: int | None = None
    ) -> None:
        self.repository.publish(
            data,
            Stamp(version=f"2026.11.{serial}", serial=serial),
            signers=signers(self.keys, RoleName.TARGETS),
            online=self.online,
            serial_min=floor,
        )

    def assign(self, code: str, serial: int) -> None:
        version = f"2026.11.{serial}"
        document = write_rollout({code: Assignment(version=version)})
        self.repository.assign(document, self.online)

    def resign(self) -> None:
        self.repository.resign(self.online)

    def copy_state(self) -> dict[str, bytes]:
        base = self.folder / "repository"
        return {
            str(path.relative_to(base)): path.read_bytes()
            for path in base.rglob("*")
            if path.is_file()
        }

    def overlay(self, code: str, signer: CryptoSigner, paths: Sequence[str]) -> bytes:
        targets = Targets(expires=self.clock.now() + dt.timedelta(days=30))
        for path in paths:
            targets.targets[path] = TargetFile.from_data(path, code.encode())
        metadata = Metadata(targets)
        metadata.sign(signer)
        return metadata.to_bytes()


@dataclass
class Channel:
    """What stands between province and node: honest until told otherwise."""

    folder: Path
    swapped: dict[str, bytes] = field(default_factory=dict)
    state: dict[str, bytes] | None = None
    down: KuweiError | None = None
    endless: bool = False
    asked: list[str] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)

    def open(self, path: str, offset: int = 0) -> Iterator[bytes]:
        self.asked.append(path)
        self.offsets.append(offset)
        if self.down is not None:
            raise self.down
        if self.endless and path.startswith("targets/"):
            return iter(lambda: b"\0" * 65536, b"")
        return iter([self._read(path)[offset:]])

    def _read(self, path: str) -> bytes:
        if path in self.swapped:
            return self.swapped[path]
        if self.state is not None:
            data = self.state.get(path)
        else:
            data = FolderFiles(self.folder / "repository").read(path)
        if data is None:
            raise missing(path)
        return data

    def corrupt(self, path: str, *, add: bytes = b"") -> None:
        data = self._read(path)
        self.swapped[path] = data + add if add else bytes([data[0] ^ 1]) + data[1:]

    def edit(self, path: str, name: str, value: object) -> None:
        document = json.loads(self._read(path))
        document["signed"][name] = value
        self.swapped[path] = json.dumps(document).encode()


@dataclass
class Node:
    """A node with its own folder, clock and channel."""

    channel: Channel
    clock: SetClock
    client: ReleaseClient

    @classmethod
    def pinned(
        cls, province: Province, folder: Path, root: bytes | None = None
    ) -> Node:
        channel = Channel(province.folder)
        clock = SetClock(province.clock.moment)
        client = ReleaseClient(
            folder,
            bootstrap=root or province.root,
            fetcher=EagerFetcher(channel.open),
            clock=clock,
        )
        return cls(channel, clock, client)

    def take(self, serial: int) -> bytes:
        with self.client.opened() as view:
            return view.fetch(view.bundle(f"2026.11.{serial}"))

    def versions(self) -> list[int]:
        with self.client.opened() as view:
            return [bundle.serial for bundle in view.releases()]

    def refused(self) -> str:
        try:
            with self.client.opened():
                return "accepted"
        except KuweiError as error:
            return error.code
