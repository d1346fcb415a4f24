"""Names, lives and limits of a release repository; both ends must agree on them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kuwei_shared.kernel.errors import Kind, KuweiError

METADATA = "metadata"
TARGETS = "targets"
ROLLOUT = "assignment/rollout.json"


class RoleName(StrEnum):
    """TUF's four roles, and the director who may only write assignments."""

    ROOT = "root"
    TARGETS = "targets"
    SNAPSHOT = "snapshot"
    TIMESTAMP = "timestamp"
    DIRECTOR = "director"


#: How long a signature of each role is good for. The timestamp is short, so a
#: frozen repository is noticed within a day; it is signed again every quarter.
LIFE: Final = {
    RoleName.ROOT: dt.timedelta(days=365),
    RoleName.TARGETS: dt.timedelta(days=90),
    RoleName.SNAPSHOT: dt.timedelta(days=7),
    RoleName.TIMESTAMP: dt.timedelta(hours=24),
    RoleName.DIRECTOR: dt.timedelta(days=7),
}
RESIGN_AFTER: Final = 0.25

KIB: Final = 1024
MIB: Final = 1024 * KIB
ROOT_BYTES_MAX: Final = 64 * KIB
TIMESTAMP_BYTES_MAX: Final = 16 * KIB
SNAPSHOT_BYTES_MAX: Final = 256 * KIB
TARGETS_BYTES_MAX: Final = 2 * MIB
BUNDLE_BYTES_MAX: Final = 64 * MIB
ROLLOUT_BYTES_MAX: Final = 1 * MIB
ROOT_ROTATIONS_MAX: Final = 64
#: Roles a look-up may visit: the top, and at most one delegated, path-limited role.
DELEGATIONS_MAX: Final = 4

SIGNED_AT: Final = "x-kuwei-signed-at"
SERIAL_MIN: Final = "x-kuwei-serial-min"

_VERSION = re.compile(r"[0-9]{4}\.[0-9]{1,2}\.[0-9]{1,4}")
_PATH = re.compile(r"(metadata|targets)(/[A-Za-z0-9][A-Za-z0-9._%-]{0,127}){1,4}")
BUNDLE_PATH: Final = re.compile(r"catalogue/([0-9.]+)\.kwc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What a release is called: the version people say, the serial machines order."""

    version: str
    serial: int

    def __post_init__(self) -> None:
        if not _VERSION.fullmatch(self.version) or self.serial < 1:
            raise KuweiError(
                "release.bad_version",
                f"目录版本号“{self.version}”不合格式:应为 年.月.序号,如 2026.11.3。",
            )


def bundle_path(version: str) -> str:
    """Return the target path of a version's bundle."""
    return f"catalogue/{version}.kwc"


def overlay_role(code: str) -> str:
    """Return the delegated role that may sign a jurisdiction's overlay."""
    return f"overlay-{code}"


def overlay_pattern(code: str) -> str:
    """Return the only paths a jurisdiction's overlay role is trusted for."""
    return f"overlay/{code}/*"


def check_path(path: str) -> str:
    """Return a repository path a peer asked for, refusing any that could escape.

    Raises:
        KuweiError: ``release.bad_path``.
    """
    if not _PATH.fullmatch(path) or ".." in path:
        raise KuweiError("release.bad_path", "发布库中没有这样的路径。")
    return path


BAD_OFFSET = "release.bad_offset"
"""Code of the refusal to go on behind the end of a file."""


def missing(path: str) -> KuweiError:
    """Return the refusal for a file the repository does not hold."""
    return KuweiError("release.missing", f"发布库中没有 {path}。", kind=Kind.MISSING)
