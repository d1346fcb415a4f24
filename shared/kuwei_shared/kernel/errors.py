"""The one error that may cross a boundary.

A KuweiError has a stable code, a kind that edges translate (HTTP, gRPC, task),
and a Chinese sentence fit for the person who meets it, naming the remedy.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What sort of refusal an error is; each edge maps it once."""

    INVALID = "invalid"
    DENIED = "denied"
    UNAUTHENTICATED = "unauthenticated"
    MISSING = "missing"
    CONFLICT = "conflict"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"


class KuweiError(Exception):
    """A refusal with a code, a kind and a public sentence.

    Attributes:
        code: dotted, stable, e.g. ``release.rollback``; tests and peers match it.
        kind: how edges translate it.
        message: Chinese, names the thing and the remedy.
        details: small JSON-ready facts (place, limit); never payment data.
        retry_after_s: seconds to wait, for LIMITED and UNAVAILABLE.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        kind: Kind = Kind.INVALID,
        details: dict[str, str | int] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.kind = kind
        self.message = message
        self.details = details or {}
        self.retry_after_s = retry_after_s
