"""What a node must never go below again, kept outside TUF's own cache.

The cache may be lost and the database restored; the floors still refuse an older
repository, a withdrawn release, and a clock that was set back (wire.md b.6, 4).
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, replace
from pathlib import Path

from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.releases.files import replace_file

CLOCK_SLACK = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Floors:
    """High-water marks of everything trusted so far.

    Attributes:
        root_version: newest root followed.
        online_keys: ids of the keys of timestamp and snapshot then; empty where a
            node of an earlier version did not note them, and taken for others than
            those of any root but the first.
        timestamp_version: newest timestamp accepted under those keys.
        serial_min: lowest release that may still be activated.
        signed_at: latest moment a trusted signature vouched for.
    """

    root_version: int = 0
    online_keys: tuple[str, ...] = ()
    timestamp_version: int = 0
    serial_min: int = 1
    signed_at: dt.datetime | None = None

    def under(self, root_version: int, online_keys: tuple[str, ...]) -> Floors:
        """Return the floors under a root.

        A new root with other online keys ends what the old ones vouched for: with
        stolen ones a thief can have signed a timestamp so far ahead that no honest
        one ever follows (TUF specification 5.3.11, fast-forward attacks).

        Raises:
            KuweiError: ``release.rollback`` under an older root: its keys may be the
                stolen ones.
        """
        if root_version < self.root_version:
            raise KuweiError(
                "release.rollback",
                f"收到的根 {root_version} 早于已见过的 {self.root_version},拒绝回退。",
                kind=Kind.DENIED,
            )
        known = self.online_keys
        are_others = known != online_keys if known else root_version > 1
        return replace(
            self,
            root_version=root_version,
            online_keys=online_keys,
            timestamp_version=0 if are_others else self.timestamp_version,
        )

    def check_clock(self, now: dt.datetime) -> None:
        """Refuse to judge expiry by a clock that runs behind signed time.

        Raises:
            KuweiError: ``clock.behind``.
        """
        if self.signed_at is not None and now < self.signed_at - CLOCK_SLACK:
            raise KuweiError(
                "clock.behind",
                f"本机时钟 {now:%Y-%m-%d %H:%M} 早于已验证的签名时间 "
                f"{self.signed_at:%Y-%m-%d %H:%M}(UTC),请先校准时钟。",
                kind=Kind.CONFLICT,
            )

    def check_timestamp(self, version: int) -> None:
        """Refuse a repository older than one seen before.

        Raises:
            KuweiError: ``release.rollback``.
        """
        if version < self.timestamp_version:
            raise KuweiError(
                "release.rollback",
                f"收到的发布库状态 {version} 早于已见过的 {self.timestamp_version},"
                "拒绝回退;请省级重新签发。",
                kind=Kind.DENIED,
            )

    def check_serial(self, serial: int) -> None:
        """Refuse a release below the lowest still allowed.

        Raises:
            KuweiError: ``release.withdrawn``.
        """
        if serial < self.serial_min:
            raise KuweiError(
                "release.withdrawn",
                f"目录序号 {serial} 低于允许的最低序号 {self.serial_min},不能启用。",
                kind=Kind.DENIED,
            )

    def raised(
        self, *, timestamp_version: int, serial_min: int, signed_at: dt.datetime
    ) -> Floors:
        """Return floors moved up, never down."""
        return replace(
            self,
            timestamp_version=max(self.timestamp_version, timestamp_version),
            serial_min=max(self.serial_min, serial_min),
            signed_at=max(self.signed_at or signed_at, signed_at),
        )


def load(path: Path) -> Floors:
    """Read floors; a first start has none."""
    try:
        stored = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Floors()
    moment = stored["signed_at"]
    return Floors(
        root_version=int(stored.get("root_version", 0)),
        online_keys=tuple(stored.get("online_keys", ())),
        timestamp_version=int(stored["timestamp_version"]),
        serial_min=int(stored["serial_min"]),
        signed_at=None if moment is None else dt.datetime.fromisoformat(moment),
    )


def save(path: Path, floors: Floors) -> None:
    """Write floors durably."""
    moment = floors.signed_at
    document = {
        "root_version": floors.root_version,
        "online_keys": floors.online_keys,
        "timestamp_version": floors.timestamp_version,
        "serial_min": floors.serial_min,
        "signed_at": None if moment is None else moment.isoformat(),
    }
    replace_file(path, json.dumps(document).encode())
