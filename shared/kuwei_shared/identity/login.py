"""Logging a person in: authorization code with PKCE (RFC 6749, RFC 7636).

``begin`` makes the secrets of one attempt, kept in a signed short-lived cookie;
``finish`` demands that state, nonce and verifier all come back unchanged.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
from dataclasses import asdict, dataclass

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from kuwei_shared.identity import principal
from kuwei_shared.identity.principal import Principal
from kuwei_shared.identity.provider import Client, Provider
from kuwei_shared.identity.tokens import TokenCheck
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError

ATTEMPT_LIFE = dt.timedelta(minutes=10)
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One login on its way through the provider.

    Attributes:
        state: ties the answer to this browser (RFC 6749, 10.12).
        nonce: ties the identity token to this attempt (OIDC Core 15.5.2).
        verifier: proves the code was asked for here (RFC 7636).
        back: local path to return to.
        expires: seconds since the epoch.
    """

    state: str
    nonce: str
    verifier: str
    back: str
    expires: int

    def as_json(self) -> dict[str, str | int]:
        """Return the plain form kept in the cookie."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who the provider says somebody is, and the token to ask again with.

    Attributes:
        proven_at: before the provider was asked; what it knew later is not in this.
    """

    principal: Principal
    refresh_token: str | None
    proven_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """A service that lets people in with tokens of one provider."""

    provider: Provider
    client: Client
    check: TokenCheck
    clock: Clock

    def begin(self, back: str) -> tuple[Attempt, str]:
        """Start an attempt; return it and where the browser goes."""
        attempt = Attempt(
            state=secrets.token_urlsafe(SECRET_BYTES),
            nonce=secrets.token_urlsafe(SECRET_BYTES),
            verifier=secrets.token_urlsafe(SECRET_BYTES * 2),
            back=local_path(back),
            expires=int((self.clock.now() + ATTEMPT_LIFE).timestamp()),
        )
        address = self.provider.authorize_url(
            self.client,
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
        )
        return attempt, address

    def finish(self, attempt: Attempt | None, *, state: str, code: str) -> Login:
        """Return whom a completed attempt proves.

        Raises:
            KuweiError: ``identity.login_mismatch`` when the answer does not
                belong to this browser's attempt, or it is too late; and what the
                token and role checks refuse.
        """
        if attempt is None or not secrets.compare_digest(attempt.state, state):
            raise _mismatch()
        now = self.clock.now()
        if now.timestamp() >= attempt.expires:
            raise _mismatch()
        tokens = self.provider.exchange(
            self.client, code=code, verifier=attempt.verifier
        )
        claims = self.check.claims(tokens.id_token or "")
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not secrets.compare_digest(
            nonce, attempt.nonce
        ):
            raise _mismatch()
        return Login(
            principal=principal.from_claims(claims),
            refresh_token=tokens.refresh_token,
            proven_at=now,
        )

    def renew(self, refresh_token: str) -> Login:
        """Ask the provider who somebody is by now.

        Raises:
            KuweiError: ``identity.code_refused``, and what the token and role
                checks refuse.
        """
        now = self.clock.now()
        tokens = self.provider.refresh(self.client, refresh_token)
        return Login(
            principal=principal.from_claims(self.check.claims(tokens.id_token or "")),
            refresh_token=tokens.refresh_token,
            proven_at=now,
        )

    def farewell(self, refresh_token: str | None) -> str | None:
        """Return where a browser ends its session at the provider, if it can.

        The refresh token is spent on the identity token that proves the session, so
        that the provider ends it without a question.
        """
        hint = None
        if refresh_token is not None:
            with contextlib.suppress(KuweiError):
                hint = self.provider.refresh(self.client, refresh_token).id_token
        return self.provider.logout_url(self.client, hint)


def local_path(value: str) -> str:
    """Return a path on this site, or ``/``: never an open redirect.

    Backslashes and control characters count as slashes to some browsers.
    """
    plain = value.isprintable() and "\\" not in value
    if plain and value.startswith("/") and not value.startswith("//"):
        return value
    return "/"


def _mismatch() -> KuweiError:
    return KuweiError(
        "identity.login_mismatch",
        "登录信息与本浏览器的登录请求不符或已超时,请重新登录。",
        kind=Kind.UNAUTHENTICATED,
    )
