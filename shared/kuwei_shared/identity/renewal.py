"""Asking the provider again whether a signed-in person may still work here.

* After ``CONFIRM_AFTER`` a request trades the session's refresh token for fresh claims
  (OIDC Core 12): a post that was withdrawn is gone, a refusal ends the session.
* While the provider cannot be asked, or gave nothing to ask with, a session lives until
  ``CONFIRM_BY``, not longer.
* A refresh token works once, so requests that bring the same one share its answer;
  ``answers`` does the same among the processes of a service.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from kuwei_shared.identity.login import Login
from kuwei_shared.identity.session import BrowserSession
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError

CONFIRM_AFTER = dt.timedelta(minutes=5)
CONFIRM_BY = dt.timedelta(minutes=15)
ANSWER_KEPT = dt.timedelta(minutes=1)
OUTAGE_KEPT = dt.timedelta(seconds=10)
ANSWERS_MAX = 2_000
WAIT_S = 15.0

Renew = Callable[[str], Login]
"""Trades a refresh token for a new proof of who somebody is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A session as the provider has just confirmed it, and its next token."""

    session: BrowserSession
    refresh_token: str | None


@dataclass(slots=True)
class _Asked:
    answer: Future[Login] = field(default_factory=Future)
    kept_until: dt.datetime | None = None

    def is_kept(self, now: dt.datetime) -> bool:
        """Whether the answer still stands; one not yet there does."""
        return self.kept_until is None or now < self.kept_until


class Renewals:
    """Confirms sessions with the provider, each refresh token once."""

    def __init__(self, renew: Renew, clock: Clock) -> None:
        self._renew = renew
        self._clock = clock
        self._asked: OrderedDict[str, _Asked] = OrderedDict()
        self._lock = threading.Lock()

    def confirm(self, session: BrowserSession, token: str | None) -> Confirmed | None:
        """Return the session confirmed anew, or None while it need not be.

        Raises:
            KuweiError: ``identity.session_over``; what the token and role checks
                refuse; ``identity.provider_unavailable`` after ``CONFIRM_BY``.
        """
        age = self._clock.now() - dt.datetime.fromtimestamp(session.confirmed, dt.UTC)
        if age < CONFIRM_AFTER:
            return None
        if token is None:
            if age < CONFIRM_BY:
                return None
            raise session_over()
        try:
            login = self._answer(token)
        except KuweiError as error:
            if _is_outage(error) and age < CONFIRM_BY:
                return None
            raise
        return self._confirmed(session, login)

    def _confirmed(self, session: BrowserSession, login: Login) -> Confirmed:
        who = login.principal
        if who.subject != session.subject:
            raise session_over()
        fresh = replace(
            session,
            name=who.name,
            roles=tuple(sorted(who.roles)),
            jurisdictions=who.jurisdictions,
            # Not now: a shared answer is as old as it is.
            confirmed=int(login.proven_at.timestamp()),
        )
        return Confirmed(session=fresh, refresh_token=login.refresh_token)

    def _answer(self, token: str) -> Login:
        asked, is_first = self._ask(hashlib.sha256(token.encode()).hexdigest())
        if is_first:
            try:
                login = self._renew(token)
            except BaseException as fault:
                # Whoever waits must not wait for an answer that never comes.
                asked.kept_until = self._clock.now() + kept_for(fault)
                asked.answer.set_exception(fault)
                raise
            # From the answer on: asking may have taken longer than an outage is kept.
            asked.kept_until = self._clock.now() + kept_for(None)
            asked.answer.set_result(login)
        try:
            return asked.answer.result(WAIT_S)
        except TimeoutError as late:
            raise provider_late() from late

    def _ask(self, digest: str) -> tuple[_Asked, bool]:
        """Return the question about a token, and whether it is ours to ask."""
        now = self._clock.now()
        with self._lock:
            known = self._asked.get(digest)
            if known is not None and known.is_kept(now):
                return known, False
            while len(self._asked) >= ANSWERS_MAX:
                self._asked.popitem(last=False)
            asked = self._asked[digest] = _Asked()
            self._asked.move_to_end(digest)
            return asked, True


def kept_for(fault: BaseException | None) -> dt.timedelta:
    """Return how long an answer, or the failure to get one, is shared."""
    return OUTAGE_KEPT if _is_outage(fault) else ANSWER_KEPT


def session_over() -> KuweiError:
    """Return the refusal that sends a browser through the login again."""
    return KuweiError(
        "identity.session_over",
        "登录状态须重新确认,请重新登录。",
        kind=Kind.UNAUTHENTICATED,
    )


def provider_late() -> KuweiError:
    """Return the refusal of whoever has waited for an answer long enough."""
    return KuweiError(
        "identity.provider_unavailable",
        "统一认证服务迟迟没有答复,请稍后重试。",
        kind=Kind.UNAVAILABLE,
        retry_after_s=5,
    )


def _is_outage(fault: BaseException | None) -> bool:
    return isinstance(fault, KuweiError) and fault.kind is Kind.UNAVAILABLE
