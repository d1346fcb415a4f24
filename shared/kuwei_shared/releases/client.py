"""The trusting side: from a pinned root to a verified bundle on this disk.

Invariants (wire.md b.6):
* one updater at a time on a folder (file lock), each refreshed once;
* expiry is judged by the clock passed in, which may not run behind signed time;
* a target is verified before it has its final name, and survives a crash whole.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.api.metadata import (
    Metadata,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.ngclient import Updater, UpdaterConfig

from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.releases import floors as floor_file
from kuwei_shared.releases import layout
from kuwei_shared.releases.arrival import Arrival
from kuwei_shared.releases.assignment import Assignment, parse_rollout
from kuwei_shared.releases.fetcher import BASE, EagerFetcher
from kuwei_shared.releases.files import settle
from kuwei_shared.releases.refusals import refusal

CONFIG = UpdaterConfig(
    max_root_rotations=layout.ROOT_ROTATIONS_MAX,
    max_delegations=layout.DELEGATIONS_MAX,
    root_max_length=layout.ROOT_BYTES_MAX,
    timestamp_max_length=layout.TIMESTAMP_BYTES_MAX,
    snapshot_max_length=layout.SNAPSHOT_BYTES_MAX,
    targets_max_length=layout.TARGETS_BYTES_MAX,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A release the targets role has approved."""

    version: str
    serial: int
    sha256: str
    length: int
    target: TargetFile


def _unsaid() -> None:
    """Tell nobody."""


class ReleaseClient:
    """Fetches and verifies releases into a folder of its own.

    Args:
        folder: TUF cache, bundles, floors and lock; only this client writes it.
        bootstrap: root 1, pinned when the node was enrolled.
        fetcher: the channel; not trusted.
        clock: judges expiry.
    """

    def __init__(
        self,
        folder: Path,
        *,
        bootstrap: bytes,
        fetcher: EagerFetcher,
        clock: Clock,
    ) -> None:
        self.folder = folder
        self._bootstrap = bootstrap
        self._fetcher = fetcher
        self._clock = clock

    @contextmanager
    def opened(self) -> Iterator[TrustedView]:
        """Refresh, and give a view of what is trusted now, under the lock.

        Raises:
            KuweiError: ``clock.behind``, ``release.*`` as in ``refusals``.
        """
        with self._locked():
            floors = floor_file.load(self._floor_path)
            floors.check_clock(self._clock.now())
            updater = self._refreshed()
            root, top, stamp = self._trusted()
            floors = floors.under(root.version, _online_keys(root))
            floors.check_timestamp(stamp.version)
            floors = floors.raised(
                timestamp_version=stamp.version,
                serial_min=int(top.unrecognized_fields.get(layout.SERIAL_MIN, 1)),
                signed_at=_signed_at(stamp),
            )
            # Before it is kept: a moment far ahead would shut this node out for good.
            floors.check_clock(self._clock.now())
            floor_file.save(self._floor_path, floors)
            bundles = self.folder / "bundles"
            yield TrustedView(updater, top, floors, self._fetcher, bundles)

    @property
    def _floor_path(self) -> Path:
        return self.folder / "floors.json"

    @property
    def _metadata(self) -> Path:
        return self.folder / "metadata"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._metadata.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise KuweiError(
                    "release.busy",
                    "本机另一进程正在取目录,请稍后再试。",
                    kind=Kind.UNAVAILABLE,
                    retry_after_s=5,
                ) from error
            yield

    def _refreshed(self) -> Updater:
        try:
            updater = Updater(
                str(self._metadata),
                f"{BASE}{layout.METADATA}/",
                str(self.folder / "bundles"),
                f"{BASE}{layout.TARGETS}/",
                fetcher=self._fetcher,
                config=CONFIG,
                bootstrap=self._bootstrap,
            )
            # ngclient offers no way to pass a clock; judged by ours, a test shows it.
            trusted_set = updater._trusted_set  # noqa: SLF001  # see line above
            trusted_set.reference_time = self._clock.now()
            updater.refresh()
        except (RepositoryError, DownloadError) as error:
            raise refusal(error) from error
        return updater

    def _trusted(self) -> tuple[Root, Targets, Timestamp]:
        """Read back what the updater verified and persisted a moment ago."""
        root = Metadata[Root].from_file(str(self._metadata / "root.json"))
        top = Metadata[Targets].from_file(str(self._metadata / "targets.json"))
        stamp = Metadata[Timestamp].from_file(str(self._metadata / "timestamp.json"))
        return root.signed, top.signed, stamp.signed


class TrustedView:
    """What is trusted as of one refresh."""

    def __init__(
        self,
        updater: Updater,
        top: Targets,
        floors: floor_file.Floors,
        fetcher: EagerFetcher,
        bundles: Path,
    ) -> None:
        self._updater = updater
        self._top = top
        self._fetcher = fetcher
        self._bundles = bundles
        self.floors = floors

    def releases(self) -> list[Bundle]:
        """Return every release approved and not withdrawn, oldest first."""
        found = [
            _as_bundle(target)
            for path, target in self._top.targets.items()
            if layout.BUNDLE_PATH.fullmatch(path)
        ]
        return sorted(found, key=lambda bundle: bundle.serial)

    def assignment(self, code: str) -> Assignment | None:
        """Return what the hub wants a node to run; None when nothing is assigned."""
        target = self._find(layout.ROLLOUT)
        if target is None:
            return None
        if target.length > layout.ROLLOUT_BYTES_MAX:
            raise KuweiError("release.too_large", "发布安排文件过大,拒绝读取。")
        return parse_rollout(self._download(target).read_bytes(), code)

    def bundle(self, version: str) -> Bundle:
        """Return an approved release by version.

        Raises:
            KuweiError: ``release.not_approved``, ``release.withdrawn``.
        """
        target = self._find(layout.bundle_path(version))
        if target is None:
            raise KuweiError(
                "release.not_approved",
                f"目录 {version} 不在已批准的发布之列(或已撤回),不能启用。",
                kind=Kind.DENIED,
            )
        found = _as_bundle(target)
        self.floors.check_serial(found.serial)
        return found

    def fetch(self, bundle: Bundle, arrived: Callable[[], None] = _unsaid) -> bytes:
        """Return a bundle's verified bytes, fetching what is not here yet.

        Args:
            bundle: an approved release.
            arrived: called when all bytes are on the disk, before they are verified.
        """
        if bundle.length > layout.BUNDLE_BYTES_MAX:
            raise KuweiError(
                "release.too_large",
                f"目录 {bundle.version} 有 {bundle.length} 字节,超过上限。",
            )
        final = self._final(bundle.target)
        if self._updater.find_cached_target(bundle.target, str(final)) is None:
            self._bring(bundle.target, final, arrived)
        else:
            arrived()
        return final.read_bytes()

    def _bring(
        self, target: TargetFile, final: Path, arrived: Callable[[], None]
    ) -> None:
        arrival = Arrival(target, self._bundles)
        try:
            arrival.go_on(self._fetcher)
            arrived()
            arrival.settle_down()
        except (RepositoryError, DownloadError) as error:
            raise refusal(error) from error
        settle(arrival.part, final)

    def _find(self, path: str) -> TargetFile | None:
        try:
            return self._updater.get_targetinfo(path)
        except (RepositoryError, DownloadError) as error:
            raise refusal(error) from error

    def _download(self, target: TargetFile) -> Path:
        final = self._final(target)
        if self._updater.find_cached_target(target, str(final)) is not None:
            return final
        fresh = final.with_name(f".{final.name}.new")
        try:
            self._updater.download_target(target, str(fresh))
        except (RepositoryError, DownloadError) as error:
            raise refusal(error) from error
        with fresh.open("rb") as handle:
            os.fsync(handle.fileno())
        settle(fresh, final)
        return final

    def _final(self, target: TargetFile) -> Path:
        return self._bundles / target.path.replace("/", "__")


def _as_bundle(target: TargetFile) -> Bundle:
    stamp = layout.Stamp(
        version=str(target.custom["version"]), serial=int(target.custom["serial"])
    )
    if layout.bundle_path(stamp.version) != target.path:
        raise KuweiError(
            "release.malformed", f"{target.path} 与其版本号 {stamp.version} 不符。"
        )
    return Bundle(
        version=stamp.version,
        serial=stamp.serial,
        sha256=target.hashes["sha256"],
        length=target.length,
        target=target,
    )


def _online_keys(root: Root) -> tuple[str, ...]:
    both = (root.roles[Timestamp.type].keyids, root.roles[Snapshot.type].keyids)
    return tuple(sorted({keyid for keyids in both for keyid in keyids}))


def _signed_at(stamp: Timestamp) -> dt.datetime:
    text = stamp.unrecognized_fields.get(layout.SIGNED_AT)
    try:
        moment = dt.datetime.fromisoformat(str(text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise KuweiError("release.malformed", "时间戳缺少签名时间,拒绝采用。")
    return moment
