"""TUF's errors as refusals a treasurer and a hub can read and match by code."""

from __future__ import annotations

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)

from kuwei_shared.kernel.errors import Kind, KuweiError

REFUSED = frozenset({Kind.DENIED, Kind.UNAUTHENTICATED})

_TABLE: tuple[tuple[type[Exception], str, str], ...] = (
    (
        ExpiredMetadataError,
        "release.expired",
        "发布库签名已过期(可能被冻结),继续执行现有目录;请省级重新签发。",
    ),
    (
        BadVersionNumberError,
        "release.rollback",
        "发布库状态早于已见过的状态,拒绝回退。",
    ),
    (
        LengthOrHashMismatchError,
        "release.tampered",
        "文件与签名所载的长度或摘要不符,拒绝采用。",
    ),
    (
        UnsignedMetadataError,
        "release.unsigned",
        "签名不足规定人数或不是受信任的密钥所签,拒绝采用。",
    ),
    (
        DownloadLengthMismatchError,
        "release.too_large",
        "收到的数据超过签名所载的长度,已中止下载。",
    ),
)


def refusal(error: RepositoryError | DownloadError) -> KuweiError:
    """Return the refusal a TUF error amounts to; the cause stays for the log.

    A caller the hub refused is told the hub's reason. It stays "not to be had now":
    the release itself is sound, and is taken once the caller is let in again.
    """
    cause = error.__cause__
    if isinstance(cause, KuweiError) and cause.kind in REFUSED:
        return KuweiError(cause.code, cause.message, kind=Kind.UNAVAILABLE)
    for kind, code, message in _TABLE:
        if isinstance(error, kind):
            return KuweiError(code, message, kind=Kind.DENIED)
    if isinstance(error, DownloadError):
        return KuweiError(
            "release.unreachable",
            "上级发布库暂不可达,继续执行现有目录,稍后重试。",
            kind=Kind.UNAVAILABLE,
        )
    return KuweiError(
        "release.malformed", "发布库元数据不合格式,拒绝采用。", kind=Kind.DENIED
    )
