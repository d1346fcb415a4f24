"""Every query of the questions table; hub and node hand in their own.

Rows belong to sessions, not to jurisdictions, and nobody is shown them: reads take
no scope.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kuwei_shared.identity.table import QuestionColumns

FORGOTTEN_MAX = 200
SWEPT_MAX = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is known of a token.

    Attributes:
        asked_at: when it was taken to the provider.
        answer: sealed; None while there is none.
        is_ours: whether this look laid the question: who looked has to ask.
    """

    asked_at: dt.datetime
    answer: bytes | None = None
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Questions:
    """The questions of one service, over its own table."""

    table: type[QuestionColumns]

    def find_or_lay(
        self,
        session: Session,
        digest: bytes,
        *,
        now: dt.datetime,
        forget_at: dt.datetime,
    ) -> Question:
        """Return the standing question about a token, or lay it and be its asker.

        Of any number of processes one lays it. A question without an answer is never
        laid again while it is remembered.
        """
        standing = self._standing(session, digest, now)
        if standing is not None:
            return standing
        if self._lay(session, digest, now, forget_at):
            self._forget(session, now, FORGOTTEN_MAX)
            return Question(asked_at=now, is_ours=True)
        # Laid by another process since the first look, if not forgotten since then.
        return self._standing(session, digest, now) or Question(asked_at=now)

    def answer(
        self, session: Session, digest: bytes, sealed: bytes, forget_at: dt.datetime
    ) -> None:
        """Keep what the provider said."""
        session.execute(
            update(self.table)
            .where(self.table.digest == digest)
            .values(answer=sealed, forget_at=forget_at)
        )

    def sweep(self, session: Session, now: dt.datetime) -> int:
        """Delete what is past, ``SWEPT_MAX`` rows at most, and return how many.

        An answer lets somebody in while its refresh token lives: it must not stay
        because nobody came after it.
        """
        return self._forget(session, now, SWEPT_MAX)

    def _standing(
        self, session: Session, digest: bytes, now: dt.datetime
    ) -> Question | None:
        table = self.table
        stands = table.answer.is_(None) | (table.forget_at > now)
        query = select(table.asked_at, table.answer).where(
            table.digest == digest, stands
        )
        row = session.execute(query).one_or_none()
        return None if row is None else Question(asked_at=row[0], answer=row[1])

    def _lay(
        self, session: Session, digest: bytes, now: dt.datetime, forget_at: dt.datetime
    ) -> bool:
        table = self.table
        fresh = {"asked_at": now, "answer": None, "forget_at": forget_at}
        over = table.answer.is_not(None) & (table.forget_at <= now)
        laid = (
            insert(table)
            .values(digest=digest, **fresh)
            .on_conflict_do_update(index_elements=["digest"], set_=fresh, where=over)
            .returning(table.digest)
        )
        return session.execute(laid).one_or_none() is not None

    def _forget(self, session: Session, now: dt.datetime, most: int) -> int:
        # Skipping what others hold, nobody waits here with a row of their own in hand.
        past = (
            select(self.table.digest)
            .where(self.table.forget_at <= now)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        gone = delete(self.table).where(self.table.digest.in_(past))
        return len(session.execute(gone.returning(self.table.digest)).all())
