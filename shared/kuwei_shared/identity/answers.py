"""One process asks the provider for all of a service; the others take its answer.

* A question is committed before the provider is asked; whoever laid it asks (ADR 20).
* An answer is kept sealed for a minute, a failure to ask for seconds.
* A question whose asker is gone is not asked again: the token may be used up, and
  Keycloak ends the session of a token that comes twice. The person signs in anew,
  which Keycloak grants without a password to whom it still knows.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from kuwei_shared.identity.login import Login, RelyingParty
from kuwei_shared.identity.questions import Question, Questions
from kuwei_shared.identity.renewal import (
    WAIT_S,
    Renew,
    Renewals,
    kept_for,
    provider_late,
    session_over,
)
from kuwei_shared.identity.session import IDLE_LIFE, SessionCodec
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError

log = structlog.get_logger()

ASKER_LIFE = dt.timedelta(minutes=1)
LOOK_EVERY_S = 0.1

Begin = Callable[[], AbstractContextManager[Session]]
"""Opens a transaction of its own, committed on leaving."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A KuweiError on paper."""

    code: str
    message: str
    kind: Kind
    retry_after_s: int | None
    details: dict[str, str | int] = field(default_factory=dict)

    def raised(self) -> KuweiError:
        """Return the error again."""
        return KuweiError(**asdict(self))


_ANSWER: TypeAdapter[Login | Refusal] = TypeAdapter(Login | Refusal)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedAnswers:
    """Trades refresh tokens, each once however many processes bring it."""

    questions: Questions
    begin: Begin
    ask: Renew
    seal: SessionCodec
    clock: Clock
    # Seconds that only ever grow: a wait must end though the machine's time is set.
    ticks: Callable[[], float] = time.monotonic

    def renew(self, token: str) -> Login:
        """Return what the provider says about a token, here or to another process.

        Raises:
            KuweiError: what the provider's refusal was; ``identity.session_over``
                when who asked is gone; of kind unavailable when nobody knows yet.
        """
        digest = hashlib.sha256(token.encode()).digest()
        until = self.ticks() + WAIT_S
        while True:
            question = self._look(digest)
            if question.is_ours:
                return self._ask(digest, token)
            if question.answer is not None:
                return self._read(question.answer)
            if self.clock.now() - question.asked_at >= ASKER_LIFE:
                raise session_over()
            # Not so many looks: each may have to wait for a connection.
            if self.ticks() + LOOK_EVERY_S > until:
                raise provider_late()
            time.sleep(LOOK_EVERY_S)

    def _look(self, digest: bytes) -> Question:
        now = self.clock.now()
        with self.begin() as session:
            return self.questions.find_or_lay(
                session, digest, now=now, forget_at=now + IDLE_LIFE
            )

    def _ask(self, digest: bytes, token: str) -> Login:
        try:
            login = self.ask(token)
        except KuweiError as fault:
            refusal = Refusal(
                code=fault.code,
                message=fault.message,
                kind=fault.kind,
                retry_after_s=fault.retry_after_s,
                details=fault.details,
            )
            self._keep(digest, refusal, kept_for(fault))
            raise
        self._keep(digest, login, kept_for(None))
        return login

    def _keep(self, digest: bytes, answer: Login | Refusal, life: dt.timedelta) -> None:
        sealed = self.seal.write_answer(_ANSWER.dump_json(answer))
        try:
            with self.begin() as session:
                until = self.clock.now() + life
                self.questions.answer(session, digest, sealed, until)
        except KuweiError as fault:
            # Who asked has the answer; the others see a question without one.
            log.warning("renewal.answer_not_kept", reason=fault.code)

    def _read(self, sealed: bytes) -> Login:
        opened = self.seal.read_answer(sealed)
        try:
            answer = None if opened is None else _ANSWER.validate_json(opened)
        except ValidationError:
            answer = None
        if answer is None:
            raise session_over()
        if isinstance(answer, Refusal):
            raise answer.raised()
        return answer


def shared_renewals(
    questions: Questions, begin: Begin, party: RelyingParty, seal: SessionCodec
) -> Renewals:
    """Return what confirms a service's sessions, each refresh token once."""
    answers = SharedAnswers(
        questions=questions, begin=begin, ask=party.renew, seal=seal, clock=party.clock
    )
    return Renewals(answers.renew, party.clock)
