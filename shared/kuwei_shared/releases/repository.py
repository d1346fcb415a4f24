"""Writing a release repository: every change ends in a new, signed timestamp.

Invariants:
* a file with a version or a hash in its name is written once and never changed;
* ``timestamp.json`` is written last, so readers see a whole old or new state;
* versions only grow, also when keys are exchanged: clients refuse any that fall;
* nothing is written that the role above it would not accept;
* targets need their threshold of holders: nobody releases a rule alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from securesystemslib.signer import Key, Signer
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.releases.files import ReleaseFiles
from kuwei_shared.releases.keys import ONLINE, OnlineSigners
from kuwei_shared.releases.layout import (
    LIFE,
    METADATA,
    RESIGN_AFTER,
    ROLLOUT,
    SERIAL_MIN,
    SIGNED_AT,
    TARGETS,
    RoleName,
    Stamp,
    bundle_path,
    missing,
    overlay_pattern,
    overlay_role,
)

T = TypeVar("T", Root, Timestamp, Snapshot, Targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Who may sign which role, and how many of them must."""

    keys: Mapping[RoleName, Sequence[Key]]
    root_threshold: int = 2
    targets_threshold: int = 2


@dataclass(frozen=True, slots=True)
class Repository:
    """The signing side of a TUF repository over a store of files."""

    files: ReleaseFiles
    clock: Clock

    def create(
        self,
        trust: Trust,
        *,
        root: Sequence[Signer],
        targets: Sequence[Signer],
        online: OnlineSigners,
    ) -> bytes:
        """Write the first, empty state; return root 1, to be pinned by every node."""
        signed_root = Root(expires=self._until(RoleName.ROOT), consistent_snapshot=True)
        for role in ("root", "targets", "snapshot", "timestamp"):
            for key in trust.keys[RoleName(role)]:
                signed_root.add_key(key, role)
        signed_root.roles["root"].threshold = trust.root_threshold
        signed_root.roles["targets"].threshold = trust.targets_threshold
        pinned = self._write_root(Metadata(signed_root), root)

        top = Targets(expires=self._until(RoleName.TARGETS))
        top.delegations = Delegations({}, {})
        _delegate(
            top,
            DelegatedRole(RoleName.DIRECTOR, [], 1, True, paths=["assignment/*"]),
            trust.keys[RoleName.DIRECTOR],
        )
        self._write_targets(Metadata(top), targets)
        director = Metadata(Targets(expires=self._until(RoleName.DIRECTOR)))
        self._write(director, RoleName.DIRECTOR, [online.director], above=top)
        self._seal({RoleName.TARGETS: 1, RoleName.DIRECTOR: 1}, online)
        return pinned

    def publish(
        self,
        bundle: bytes,
        stamp: Stamp,
        *,
        signers: Sequence[Signer],
        online: OnlineSigners,
        serial_min: int | None = None,
    ) -> TargetFile:
        """Add a release, and withdraw those below a raised floor.

        Raises:
            KuweiError: ``release.published`` for a version given out before,
                ``release.threshold`` with too few holders.
        """
        top = self._latest(RoleName.TARGETS, Targets)
        path = bundle_path(stamp.version)
        if path in top.signed.targets or stamp.serial <= _last_serial(top.signed):
            raise KuweiError(
                "release.published",
                f"版本 {stamp.version} 已发布过,或序号 {stamp.serial} 不新;"
                "请用下一个版本号。",
                kind=Kind.CONFLICT,
            )
        target = TargetFile.from_data(path, bundle)
        custom = {"version": stamp.version, "serial": stamp.serial}
        target.unrecognized_fields["custom"] = custom
        top.signed.targets[path] = target
        if serial_min is not None:
            _raise_floor(top.signed, serial_min)
        for prefixed in target.get_prefixed_paths():
            self.files.write(f"{TARGETS}/{prefixed}", bundle)
        self._advance(top, signers)
        self._seal({RoleName.TARGETS: top.signed.version}, online)
        return target

    def assign(self, document: bytes, online: OnlineSigners) -> None:
        """Write which jurisdiction shall run which release; the online director signs.

        The director can only name releases the targets role has approved.
        """
        director = self._latest(RoleName.DIRECTOR, Targets)
        target = TargetFile.from_data(ROLLOUT, document)
        for prefixed in target.get_prefixed_paths():
            self.files.write(f"{TARGETS}/{prefixed}", document)
        director.signed.targets = {ROLLOUT: target}
        self._advance_director(director, self.targets(), online)
        self._seal({RoleName.DIRECTOR: director.signed.version}, online)

    def resign(self, online: OnlineSigners) -> None:
        """Sign the timestamp again, and the director's and snapshot's when aged."""
        fresh: dict[str, int] = {}
        director = self._latest(RoleName.DIRECTOR, Targets)
        if self.age(RoleName.DIRECTOR, director.signed.expires) > RESIGN_AFTER:
            self._advance_director(director, self.targets(), online)
            fresh[RoleName.DIRECTOR] = director.signed.version
        snapshot = self._latest(RoleName.SNAPSHOT, Snapshot).signed
        if fresh or self.age(RoleName.SNAPSHOT, snapshot.expires) > RESIGN_AFTER:
            self._seal(fresh, online)
        else:
            self._stamp(snapshot.version, online)

    def rotate_root(
        self, trust: Trust, *, old: Sequence[Signer], new: Sequence[Signer]
    ) -> None:
        """Replace all keys of the top roles; old and new root holders both sign."""
        root = self._latest(RoleName.ROOT, Root)
        for role in ("root", "targets", "snapshot", "timestamp"):
            for keyid in list(root.signed.roles[role].keyids):
                root.signed.revoke_key(keyid, role)
            for key in trust.keys[RoleName(role)]:
                root.signed.add_key(key, role)
        root.signed.roles["root"].threshold = trust.root_threshold
        root.signed.roles["targets"].threshold = trust.targets_threshold
        root.signed.version += 1
        root.signed.expires = self._until(RoleName.ROOT)
        self._write_root(root, [*old, *new])

    def reseal(self, *, signers: Sequence[Signer], online: OnlineSigners) -> None:
        """Sign every role below root again: after keys changed, or before expiry.

        The director is whoever ``online`` says from now on, and nobody before.
        """
        top = self._latest(RoleName.TARGETS, Targets)
        director = self._latest(RoleName.DIRECTOR, Targets)
        former = top.signed.get_delegated_role(RoleName.DIRECTOR)
        for keyid in list(former.keyids):
            top.signed.revoke_key(keyid, RoleName.DIRECTOR)
        top.signed.add_key(online.director.public_key, RoleName.DIRECTOR)
        self._advance(top, signers)
        self._advance_director(director, top.signed, online)
        versions: dict[str, int] = {
            RoleName.TARGETS: top.signed.version,
            RoleName.DIRECTOR: director.signed.version,
        }
        self._seal(versions, online)

    def delegate(
        self,
        code: str,
        keys: Sequence[Key],
        *,
        signers: Sequence[Signer],
        online: OnlineSigners,
        first: bytes,
    ) -> None:
        """Let a jurisdiction sign its own overlays, and nothing outside its path."""
        role = overlay_role(code)
        top = self._latest(RoleName.TARGETS, Targets)
        delegated = DelegatedRole(role, [], 1, True, paths=[overlay_pattern(code)])
        _delegate(top.signed, delegated, keys)
        overlay = self._checked_overlay(top.signed, role, first)
        self._advance(top, signers)
        self.files.write(_metadata_path(role, overlay.version), first)
        versions = {RoleName.TARGETS: top.signed.version, role: overlay.version}
        self._seal(versions, online)

    def age(self, role: RoleName, expires: dt.datetime) -> float:
        """Return how much of a signature's life is used up, 0 to 1 and beyond."""
        return 1 - (expires - self.clock.now()) / LIFE[role]

    def timestamp(self) -> Timestamp:
        """Return the newest timestamp."""
        return self._latest(RoleName.TIMESTAMP, Timestamp).signed

    def targets(self) -> Targets:
        """Return the newest top-level targets."""
        return self._latest(RoleName.TARGETS, Targets).signed

    def root(self) -> Root:
        """Return the newest root."""
        return self._latest(RoleName.ROOT, Root).signed

    def _checked_overlay(self, top: Targets, role: str, data: bytes) -> Targets:
        overlay = Metadata[Targets].from_bytes(data)
        try:
            top.verify_delegate(role, overlay.signed_bytes, overlay.signatures)
        except UnsignedMetadataError as error:
            raise _short_of_signers(role) from error
        allowed = top.get_delegated_role(role)
        assert isinstance(allowed, DelegatedRole)  # never succinct here
        for path in overlay.signed.targets:
            if not allowed.is_delegated_path(path):
                raise KuweiError(
                    "release.outside_path",
                    f"{role} 只能签署 {allowed.paths} 之内的文件,不能签署 {path}。",
                    kind=Kind.DENIED,
                )
        return overlay.signed

    def _advance(self, top: Metadata[Targets], signers: Sequence[Signer]) -> None:
        top.signed.version += 1
        top.signed.expires = self._until(RoleName.TARGETS)
        self._write_targets(top, signers)

    def _advance_director(
        self, director: Metadata[Targets], above: Targets, online: OnlineSigners
    ) -> None:
        director.signed.version += 1
        director.signed.expires = self._until(RoleName.DIRECTOR)
        self._write(director, RoleName.DIRECTOR, [online.director], above=above)

    def _write_targets(
        self, metadata: Metadata[Targets], signers: Sequence[Signer]
    ) -> None:
        self._write(metadata, RoleName.TARGETS, signers, above=self.root())

    def _write_root(self, metadata: Metadata[Root], signers: Sequence[Signer]) -> bytes:
        data = _sign(metadata, signers)
        payload, signatures = metadata.signed_bytes, metadata.signatures
        try:
            metadata.signed.verify_delegate("root", payload, signatures)
            if metadata.signed.version > 1:
                before = self._latest(RoleName.ROOT, Root).signed
                before.verify_delegate("root", payload, signatures)
        except UnsignedMetadataError as error:
            raise _short_of_signers("root") from error
        self.files.write(_metadata_path("root", metadata.signed.version), data)
        return data

    def _write(
        self,
        metadata: Metadata[T],
        role: RoleName,
        signers: Sequence[Signer],
        *,
        above: Root | Targets,
    ) -> None:
        data = _sign(metadata, signers)
        try:
            above.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
        except UnsignedMetadataError as error:
            raise _short_of_signers(role) from error
        is_named_alike = role is RoleName.TIMESTAMP
        version = None if is_named_alike else metadata.signed.version
        self.files.write(_metadata_path(role, version), data)

    def _seal(self, versions: dict[str, int], online: OnlineSigners) -> None:
        """Write the next snapshot with these roles moved, and stamp it."""
        try:
            snapshot = self._latest(RoleName.SNAPSHOT, Snapshot)
            snapshot.signed.version += 1
        except KuweiError:
            snapshot = Metadata(Snapshot())
        for role, version in versions.items():
            snapshot.signed.meta[f"{role}.json"] = MetaFile(version)
        snapshot.signed.expires = self._until(RoleName.SNAPSHOT)
        root = self.root()
        self._write(snapshot, RoleName.SNAPSHOT, [online.snapshot], above=root)
        self._stamp(snapshot.signed.version, online)

    def _stamp(self, snapshot_version: int, online: OnlineSigners) -> None:
        data = self.files.read(_metadata_path("timestamp", None))
        if data is None:
            timestamp = Metadata(Timestamp())
        else:
            timestamp = Metadata[Timestamp].from_bytes(data)
            timestamp.signed.version += 1
        timestamp.signed.snapshot_meta = MetaFile(snapshot_version)
        timestamp.signed.expires = self._until(RoleName.TIMESTAMP)
        moment = self.clock.now().isoformat(timespec="seconds")
        timestamp.signed.unrecognized_fields[SIGNED_AT] = moment
        root = self.root()
        self._write(timestamp, RoleName.TIMESTAMP, [online.timestamp], above=root)

    def _latest(self, role: RoleName, _kind: type[T]) -> Metadata[T]:
        path = _metadata_path(role, self._version(role))
        data = self.files.read(path)
        if data is None:
            raise missing(path)
        return Metadata[T].from_bytes(data)

    def _version(self, role: RoleName) -> int | None:
        if role is RoleName.TIMESTAMP:
            return None
        if role is RoleName.ROOT:
            version = 1
            while self.files.read(_metadata_path(role, version + 1)) is not None:
                version += 1
            return version
        snapshot_meta = self.timestamp().snapshot_meta
        if role is RoleName.SNAPSHOT:
            return snapshot_meta.version
        snapshot = self._latest(RoleName.SNAPSHOT, Snapshot).signed
        return snapshot.meta[f"{role}.json"].version

    def _until(self, role: RoleName) -> dt.datetime:
        return self.clock.now() + LIFE[role]


def _delegate(top: Targets, role: DelegatedRole, keys: Sequence[Key]) -> None:
    assert top.delegations is not None  # set when it was created
    assert top.delegations.roles is not None  # never succinct here
    top.delegations.roles[role.name] = role
    for key in keys:
        top.add_key(key, role.name)


def _raise_floor(top: Targets, serial_min: int) -> None:
    floor = max(serial_min, top.unrecognized_fields.get(SERIAL_MIN, 1))
    top.unrecognized_fields[SERIAL_MIN] = floor
    top.targets = {
        path: target
        for path, target in top.targets.items()
        if target.custom["serial"] >= floor
    }


def _last_serial(top: Targets) -> int:
    """Return the highest serial given out; withdrawn ones stay used."""
    given = [int(target.custom["serial"]) for target in top.targets.values()]
    return max(given, default=int(top.unrecognized_fields.get(SERIAL_MIN, 1)) - 1)


def _sign(metadata: Metadata[T], signers: Sequence[Signer]) -> bytes:
    metadata.signatures.clear()
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes()


def _metadata_path(role: str, version: int | None) -> str:
    name = role if version is None else f"{version}.{role}"
    return f"{METADATA}/{name}.json"


def _short_of_signers(role: str) -> KuweiError:
    if role in ONLINE:
        return KuweiError(
            "release.stale_keys",
            f"{role} 的在线密钥不是现行发布库所信任的(轮换未完成);"
            "请运行 kuwei-hub release-rotate 再轮换一次。",
            kind=Kind.CONFLICT,
        )
    return KuweiError(
        "release.threshold",
        f"{role} 的签名人数不足:须由规定人数的不同保管人共同签署。",
        kind=Kind.DENIED,
    )
