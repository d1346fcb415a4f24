"""Machines that call the API: bearer tokens from the client-credentials grant."""

from __future__ import annotations

from dataclasses import dataclass

from kuwei_shared.identity import principal
from kuwei_shared.identity.principal import Principal
from kuwei_shared.identity.tokens import TokenCheck
from kuwei_shared.kernel.errors import Kind, KuweiError

SCHEME = "bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class BearerGate:
    """Turns an Authorization header into a principal, or refuses."""

    check: TokenCheck

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
        return principal.from_claims(self.check.claims(token.strip()))
