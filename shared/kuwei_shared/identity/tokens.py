"""Checking a signed token: signature, issuer, audience, time.

OpenID Connect Core 3.1.3.7 and RFC 9068 name the checks; each has a test that
shows it refusing. Only asymmetric algorithms are accepted: a token signed with
``none`` or with the public key as a shared secret is refused before its claims
are read.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError

ALGORITHMS = ("RS256", "PS256", "ES256")
LEEWAY_S = 30
KEYS_TTL = dt.timedelta(hours=1)
KEYS_PAUSE = dt.timedelta(seconds=30)
TOKEN_MAX = 16_384

Claims = dict[str, object]
KeyDocument = Mapping[str, object]


class KeyCache:
    """The issuer's public keys, fetched when old or when a key is unknown.

    An unknown key id causes at most one fetch per ``KEYS_PAUSE``: a flood of
    forged tokens must not become a flood of requests to the issuer.
    """

    def __init__(self, fetch: Callable[[], KeyDocument], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: KeySet | None = None
        self._fetched_at = dt.datetime.min.replace(tzinfo=dt.UTC)
        self._lock = threading.Lock()

    def keys(self, *, renew: bool = False) -> KeySet:
        """Return the key set; with ``renew``, a newer one if the pause is over."""
        with self._lock:
            age = self._clock.now() - self._fetched_at
            stale = age > (KEYS_PAUSE if renew else KEYS_TTL)
            if self._keys is None or stale:
                document = self._fetch()
                self._keys = KeySet.import_key_set(document)  # type: ignore[arg-type]  # a TypedDict of TypedDicts there
                self._fetched_at = self._clock.now()
            return self._keys


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCheck:
    """What a token must satisfy here.

    Attributes:
        issuer: exact ``iss``.
        audience: must be among ``aud``.
        keys: the issuer's public keys.
        clock: against which ``exp``, ``nbf`` and ``iat`` are judged.
    """

    issuer: str
    audience: str
    keys: KeyCache
    clock: Clock

    def claims(self, token: str) -> Claims:
        """Return the claims of a token that passes every check.

        Raises:
            KuweiError: ``identity.token_expired`` or ``identity.token_refused``.
        """
        if len(token) > TOKEN_MAX:
            raise _refused()
        try:
            decoded = self._decode(token)
            self._registry().validate(decoded)
        except ExpiredTokenError as error:
            raise KuweiError(
                "identity.token_expired",
                "身份令牌已过期,请重新获取令牌。",
                kind=Kind.UNAUTHENTICATED,
            ) from error
        except (JoseError, ValueError) as error:
            raise _refused() from error
        return decoded

    def _decode(self, token: str) -> Claims:
        try:
            decoded = jwt.decode(token, self.keys.keys(), algorithms=ALGORITHMS)
        except InvalidKeyIdError:
            renewed = self.keys.keys(renew=True)
            decoded = jwt.decode(token, renewed, algorithms=ALGORITHMS)
        return dict(decoded.claims)

    def _registry(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self.clock.now().timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.audience},
            exp={"essential": True},
            sub={"essential": True},
        )


def _refused() -> KuweiError:
    return KuweiError(
        "identity.token_refused",
        "身份令牌无效(签名、签发方或用途不符),请重新登录或重新获取令牌。",
        kind=Kind.UNAUTHENTICATED,
    )
