"""A person's session: a signed cookie that says who, until when, and a CSRF token.

No session is stored at the server, so any web process serves any request. The
signature uses the first of several secrets and accepts all: secrets rotate
without logging people out. Every login makes a new session and CSRF token; use
renews the idle deadline, never the absolute one. ``renewal`` confirms it meanwhile.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from itsdangerous import BadData, URLSafeSerializer
from pydantic import TypeAdapter, ValidationError

from kuwei_shared.identity.login import Attempt
from kuwei_shared.identity.principal import Principal, Subject
from kuwei_shared.identity.roles import Role
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError

ABSOLUTE_LIFE = dt.timedelta(hours=10)
IDLE_LIFE = dt.timedelta(minutes=30)
RENEW_AFTER = dt.timedelta(minutes=1)
CSRF_BYTES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSession:
    """One signed-in browser; times are seconds since the epoch."""

    subject: str
    name: str
    roles: tuple[Role, ...]
    jurisdictions: tuple[str, ...]
    csrf: str
    ends: int
    idle_ends: int
    confirmed: int

    @property
    def principal(self) -> Principal:
        """The person this session belongs to."""
        return Principal(
            subject=Subject(self.subject),
            name=self.name,
            roles=frozenset(self.roles),
            jurisdictions=self.jurisdictions,
        )

    def require_csrf(self, token: str | None) -> None:
        """Refuse a form that does not carry this session's token.

        The token travels twice, in the signed cookie and in the form or the
        X-CSRF-Token header; another site can make a browser send only the first.

        Raises:
            KuweiError: ``identity.csrf``.
        """
        if token is None or not secrets.compare_digest(
            token.encode(), self.csrf.encode()
        ):
            raise KuweiError(
                "identity.csrf",
                "表单校验未通过,请刷新页面后重新提交。",
                kind=Kind.DENIED,
            )


_SESSION = TypeAdapter(BrowserSession)
_ATTEMPT = TypeAdapter(Attempt)


class SessionCodec:
    """Writes and reads session and login-attempt cookies."""

    def __init__(self, secret_keys: Sequence[str], clock: Clock) -> None:
        # itsdangerous signs with the last key and accepts them all.
        newest_last = list(reversed(secret_keys))
        signer = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        self._sessions = URLSafeSerializer(
            newest_last, salt="kuwei.session", signer_kwargs=signer
        )
        self._attempts = URLSafeSerializer(
            newest_last, salt="kuwei.attempt", signer_kwargs=signer
        )
        self._notes = URLSafeSerializer(
            newest_last, salt="kuwei.note", signer_kwargs=signer
        )
        # Signed is not secret: what asks the provider again is encrypted as well.
        self._tokens = _ciphers(secret_keys, b"kuwei.token")
        self._answers = _ciphers(secret_keys, b"kuwei.answer")
        self._clock = clock

    def open(self, principal: Principal) -> BrowserSession:
        """Start a new session, with a CSRF token of its own."""
        now = self._clock.now()
        return BrowserSession(
            subject=principal.subject,
            name=principal.name,
            roles=tuple(sorted(principal.roles)),
            jurisdictions=principal.jurisdictions,
            csrf=secrets.token_urlsafe(CSRF_BYTES),
            ends=int((now + ABSOLUTE_LIFE).timestamp()),
            idle_ends=int((now + IDLE_LIFE).timestamp()),
            confirmed=int(now.timestamp()),
        )

    def write(self, session: BrowserSession) -> str:
        """Return the cookie value of a session."""
        return str(self._sessions.dumps(_SESSION.dump_python(session, mode="json")))

    def read(self, cookie: str | None) -> BrowserSession | None:
        """Return the session of a cookie, or None if forged, foreign or over."""
        if cookie is None:
            return None
        try:
            session = _SESSION.validate_python(self._sessions.loads(cookie))
        except (BadData, ValidationError):
            return None
        now = self._clock.now().timestamp()
        return session if now < min(session.ends, session.idle_ends) else None

    def renewed(self, session: BrowserSession) -> BrowserSession | None:
        """Return the session with a later idle deadline, if worth a new cookie."""
        fresh = int((self._clock.now() + IDLE_LIFE).timestamp())
        if fresh - session.idle_ends < RENEW_AFTER.total_seconds():
            return None
        return replace(session, idle_ends=fresh)

    def write_token(self, token: str) -> str:
        """Return the cookie value of a refresh token."""
        return self._tokens.encrypt(token.encode()).decode()

    def read_token(self, cookie: str | None) -> str | None:
        """Return the refresh token of a cookie, or None if it is not ours."""
        if cookie is None:
            return None
        try:
            return self._tokens.decrypt(cookie.encode()).decode()
        except InvalidToken:
            return None

    def write_answer(self, answer: bytes) -> bytes:
        """Return what one process keeps for the others, sealed."""
        return self._answers.encrypt(answer)

    def read_answer(self, sealed: bytes) -> bytes | None:
        """Return what another process kept, or None if it is not ours."""
        try:
            return self._answers.decrypt(sealed)
        except InvalidToken:
            return None

    def write_attempt(self, attempt: Attempt) -> str:
        """Return the cookie value of a login attempt."""
        return str(self._attempts.dumps(attempt.as_json()))

    def read_attempt(self, cookie: str | None) -> Attempt | None:
        """Return the login attempt of a cookie, or None if it is not ours."""
        if cookie is None:
            return None
        try:
            return _ATTEMPT.validate_python(self._attempts.loads(cookie))
        except (BadData, ValidationError):
            return None

    def write_note(self, text: str) -> str:
        """Return the cookie value of a sentence for the next page."""
        return str(self._notes.dumps(text))

    def read_note(self, cookie: str | None) -> str | None:
        """Return the sentence of a cookie, or None if it is not ours."""
        if cookie is None:
            return None
        try:
            return str(self._notes.loads(cookie))
        except BadData:
            return None


def _ciphers(secret_keys: Sequence[str], purpose: bytes) -> MultiFernet:
    keys = [hmac.digest(one.encode(), purpose, hashlib.sha256) for one in secret_keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
