"""Codes and tokens of the development issuer.

Codes live a minute and once; refresh tokens rotate, each works once. Both tables
are bounded and in memory: a restart logs everybody out, which is fine here.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import RSAKey

from kuwei_shared.identity.issuer.realm import Realm, RealmClient, User
from kuwei_shared.kernel.clock import Clock

CODE_LIFE = dt.timedelta(minutes=1)
TOKEN_LIFE = dt.timedelta(minutes=5)
REFRESH_LIFE = dt.timedelta(minutes=30)
PENDING_MAX = 10_000
KEY_BITS = 2048

T = TypeVar("T")


class GrantRefusedError(Exception):
    """An OAuth error answer; the text is its ``error`` code (RFC 6749, 5.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What an authorisation code or refresh token stands for."""

    username: str
    client_id: str
    redirect_uri: str
    nonce: str
    challenge: str
    expires: dt.datetime


class OneTime(Generic[T]):
    """Secrets that each give their value once; the oldest leave when full."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, T] = OrderedDict()

    def put(self, value: T) -> str:
        """Keep a value; return the secret that gives it back."""
        while len(self._values) >= PENDING_MAX:
            self._values.popitem(last=False)
        secret = secrets.token_urlsafe(32)
        self._values[secret] = value
        return secret

    def take(self, secret: str) -> T | None:
        """Return the value and forget it."""
        return self._values.pop(secret, None)


class Grants:
    """Issues codes and signs tokens for one realm."""

    def __init__(self, realm: Realm, issuer: str, clock: Clock) -> None:
        self.realm = realm
        self.issuer = issuer
        self._clock = clock
        self._codes: OneTime[Pending] = OneTime()
        self._refresh: OneTime[Pending] = OneTime()
        key = RSAKey.generate_key(KEY_BITS, {"use": "sig", "alg": "RS256"})
        self._kid = key.thumbprint()
        self._key = key

    def jwks(self) -> dict[str, object]:
        """Return the public key set."""
        public = dict(self._key.as_dict(private=False))
        return {"keys": [public | {"kid": self._kid}]}

    def code(
        self,
        user: User,
        client: RealmClient,
        *,
        redirect_uri: str,
        nonce: str,
        challenge: str,
    ) -> str:
        """Return a code for a person who chose an account."""
        return self._codes.put(
            Pending(
                username=user.username,
                client_id=client.client_id,
                redirect_uri=redirect_uri,
                nonce=nonce,
                challenge=challenge,
                expires=self._clock.now() + CODE_LIFE,
            )
        )

    def by_code(
        self, client: RealmClient, *, code: str, redirect_uri: str, verifier: str
    ) -> dict[str, object]:
        """Answer the authorization-code grant (RFC 7636, 4.6)."""
        pending = self._live(self._codes.take(code), client)
        matches = secrets.compare_digest(
            create_s256_code_challenge(verifier), pending.challenge
        )
        if pending.redirect_uri != redirect_uri or not matches:
            raise GrantRefusedError("invalid_grant")
        return self._person_answer(pending, client)

    def by_refresh(self, client: RealmClient, *, token: str) -> dict[str, object]:
        """Answer the refresh grant; the old refresh token is spent."""
        return self._person_answer(
            self._live(self._refresh.take(token), client), client
        )

    def by_client(self, client: RealmClient) -> dict[str, object]:
        """Answer the client-credentials grant."""
        user = self.realm.service_user(client.client_id)
        if not client.service_account or user is None:
            raise GrantRefusedError("unauthorized_client")
        return self._answer(self._access(user, client))

    def _live(self, pending: Pending | None, client: RealmClient) -> Pending:
        if pending is None or pending.client_id != client.client_id:
            raise GrantRefusedError("invalid_grant")
        if self._clock.now() >= pending.expires:
            raise GrantRefusedError("invalid_grant")
        return pending

    def _person_answer(
        self, pending: Pending, client: RealmClient
    ) -> dict[str, object]:
        user = self.realm.user(pending.username)
        if user is None:
            raise GrantRefusedError("invalid_grant")
        identity = self._claims(user, client.client_id) | {"nonce": pending.nonce}
        renewal = Pending(
            username=pending.username,
            client_id=pending.client_id,
            redirect_uri=pending.redirect_uri,
            nonce=pending.nonce,
            challenge=pending.challenge,
            expires=self._clock.now() + REFRESH_LIFE,
        )
        return self._answer(self._access(user, client)) | {
            "id_token": self._sign(identity),
            "refresh_token": self._refresh.put(renewal),
        }

    def _access(self, user: User, client: RealmClient) -> str:
        audience = [*client.audiences, client.client_id]
        return self._sign(self._claims(user, audience) | {"typ": "Bearer"})

    @staticmethod
    def _answer(access_token: str) -> dict[str, object]:
        return {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": int(TOKEN_LIFE.total_seconds()),
        }

    def _claims(self, user: User, audience: str | list[str]) -> dict[str, object]:
        now = self._clock.now()
        return {
            "iss": self.issuer,
            "sub": user.username,
            "aud": audience,
            "iat": int(now.timestamp()),
            "exp": int((now + TOKEN_LIFE).timestamp()),
            "jti": secrets.token_urlsafe(12),
            "name": user.name,
            "preferred_username": user.username,
            "roles": user.roles,
            "jurisdictions": self.realm.jurisdictions(user),
        }

    def _sign(self, claims: dict[str, object]) -> str:
        header = {"alg": "RS256", "kid": self._kid, "typ": "JWT"}
        return jwt.encode(header, claims, self._key)
