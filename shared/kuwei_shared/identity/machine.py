"""Machines that call the API: bearer tokens from the client-credentials grant."""

from __future__ import annotations

import datetime as dt
import hashlib

from kuwei_shared.identity import principal
from kuwei_shared.identity.principal import Principal
from kuwei_shared.identity.tokens import Claims, TokenCheck
from kuwei_shared.kernel.errors import Kind, KuweiError

SCHEME = "bearer"
REMEMBERED = dt.timedelta(seconds=60)
REMEMBERED_MAX = 1_024


class BearerGate:
    """Turns an Authorization header into a principal, or refuses.

    A token that was admitted is remembered for a minute, or until it expires: a
    payment system sends the same one with each of its thousands of requests.
    """

    def __init__(self, *, check: TokenCheck) -> None:
        self._check = check
        # Digests, not tokens: what is in memory cannot be presented again.
        self._admitted: dict[bytes, tuple[Principal, dt.datetime]] = {}

    def recall(self, authorization: str | None) -> Principal | None:
        """Return the caller of a request whose token was admitted just now."""
        found = self._admitted.get(_digest(authorization or ""))
        if found is None or self._check.clock.now() >= found[1]:
            return None
        return found[0]

    def admit(self, authorization: str | None) -> Principal:
        """Return the caller of a request (RFC 6750, 2.1).

        Raises:
            KuweiError: ``identity.token_missing`` without a bearer token, and
                what the token and role checks refuse.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != SCHEME or not token:
            raise KuweiError(
                "identity.token_missing",
                "请求未携带访问令牌,请在 Authorization 头中提供 Bearer 令牌。",
                kind=Kind.UNAUTHENTICATED,
            )
        claims = self._check.claims(token.strip())
        caller = principal.from_claims(claims)
        if len(self._admitted) >= REMEMBERED_MAX:
            self._admitted.clear()
        self._admitted[_digest(authorization or "")] = (caller, self._until(claims))
        return caller

    def _until(self, claims: Claims) -> dt.datetime:
        expires = dt.datetime.fromtimestamp(float(str(claims["exp"])), dt.UTC)
        return min(expires, self._check.clock.now() + REMEMBERED)


def _digest(authorization: str) -> bytes:
    return hashlib.sha256(authorization.encode()).digest()
