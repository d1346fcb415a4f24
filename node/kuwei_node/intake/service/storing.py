"""Storing a group of batches: claimed, staged, appended, screened, accounted for.

A group is stored in one transaction, or in two side by side. Then the first holds
every unit of the group and ends last, so that no other screening gets in between;
the second stores a share that has no unit in common with the first's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.orm import Session

from kuwei_node.intake.domain.meeting import Held
from kuwei_node.intake.domain.progress import Stored
from kuwei_node.intake.domain.settling import settle
from kuwei_node.intake.domain.sharing import has_repeated, shares
from kuwei_node.intake.domain.work import Claimed, Part, Share, Work
from kuwei_node.intake.store import ledger, staging
from kuwei_node.payments.service import LOCK_KEYS, Appended, Ledger
from kuwei_shared.kernel.clock import Clock

APART = (*LOCK_KEYS[1:], "payment_id")
NOTHING = Appended(0, 0, 0)


class Screener(Protocol):
    """Judges what was appended; ``kuwei_node.screening.service.Screening``."""

    def make_ready(self, session: Session) -> object:
        """Begin what judging needs, before units are locked or partitions made."""
        ...

    def screen_appended(self, session: Session, appended: Appended) -> int:
        """Judge what this transaction has just appended; return how many."""
        ...

    def raise_appended(self, session: Session, appended: Appended) -> None:
        """Keep the hits of what was judged, and raise their alerts."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A share laid out in the stage of one transaction.

    Attributes:
        rows: how many rows were laid out.
        repeated: batch and line of rows whose key came twice; taken out again.
    """

    rows: int
    repeated: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What became of a share.

    Attributes:
        appended: what the ledger did not hold before.
        staged: what was laid out.
        held: the rows of what it did hold.
    """

    appended: Appended
    staged: Staged
    held: Sequence[Held]


class Storing:
    """Storing of groups of batches at one node."""

    def __init__(self, *, clock: Clock, payments: Ledger, screening: Screener) -> None:
        self._clock = clock
        self._payments = payments
        self._screening = screening

    def claim(self, session: Session, work: Work, parts: Sequence[Part]) -> Claimed:
        """Enter batches in the ledger of batches, leaving out what others store."""
        claimed: dict[int, Part] = {}
        for part in parts:
            batch_id = ledger.claim_batch(
                session,
                part.file,
                work.divisions[0],
                batch_no=part.batch_no,
                at=self._clock.now(),
            )
            if batch_id is not None:
                claimed[batch_id] = part
        tables = {batch: part.mapped.table for batch, part in claimed.items()}
        return Claimed(batches=claimed, shares=shares(tables, APART))

    def stage(self, session: Session, work: Work, share: Share) -> Staged:
        """Lay a share out in this transaction; the ledger is untouched.

        Takes no lock, so it may be done while another group is being stored.
        """
        if not share:
            return Staged(rows=0, repeated=())
        staging.open_stage(session, work.fields)
        rows = 0
        for batch_id, table in share.items():
            tagged = table.append_column(
                "batch_id", pa.repeat(batch_id, table.num_rows)
            )
            rows += staging.stage(session, tagged)
        repeated = staging.take_repeated(session) if has_repeated(share) else ()
        return Staged(rows=rows, repeated=repeated)

    def lock(self, session: Session, claimed: Claimed) -> None:
        """Hold every unit of a group until this transaction ends."""
        tables = [table for share in claimed.shares for table in share.values()]
        if tables:
            keys = pa.concat_tables(
                [table.select([*LOCK_KEYS, "fiscal_year"]) for table in tables]
            )
            years = pc.unique(keys["fiscal_year"]).to_pylist()
            units = keys.group_by(list(LOCK_KEYS)).aggregate([]).to_pylist()
            self._screening.make_ready(session)
            self._payments.ensure_years(session, set(years))
            self._payments.lock(session, units)

    def lend(self, session: Session) -> int:
        """Keep the units for a second transaction, however long that one takes.

        Returns:
            The number of this transaction's connection, for ``append_beside``.
        """
        return self._payments.lend_locks(session)

    def append(self, session: Session, work: Work, staged: Staged) -> Came:
        """Append and judge what this very transaction has staged, units locked."""
        if not staged.rows:
            return Came(appended=NOTHING, staged=staged, held=())
        appended = self._payments.append_staged(session, work.import_id)
        self._screening.screen_appended(session, appended)
        held: Sequence[Held] = ()
        if appended.count < staged.rows - len(staged.repeated):
            held = staging.held(session, work.fields)
        return Came(appended=appended, staged=staged, held=held)

    def append_beside(
        self, session: Session, work: Work, staged: Staged, holder: int
    ) -> Came:
        """Append, judge and finish a share whose units another transaction holds.

        Args:
            session: the open transaction; it holds no unit itself.
            work: the import.
            staged: what this transaction has staged.
            holder: the connection that holds the units; it must outlast this one.

        Raises:
            KuweiError: ``payment.unlocked`` when it does not.
        """
        came = self.append(session, work, staged)
        self._screening.raise_appended(session, came.appended)
        self._payments.require_locked_by(session, holder)
        return came

    def finish(
        self, session: Session, work: Work, claimed: Claimed, came: Sequence[Came]
    ) -> list[Stored]:
        """Account for a group whose shares are appended; this transaction's first.

        Alerts are raised here only now: the other transaction raises its own, maybe
        the same ones, and this one waits for it.
        """
        if not claimed.batches:
            return []
        self._screening.raise_appended(session, came[0].appended)
        again, held = work.met.divide([one for share in came for one in share.held])
        repeated = [place for share in came for place in share.staged.repeated]
        stored = settle(
            {batch: part.mapped for batch, part in claimed.batches.items()},
            repeated=[*repeated, *((one.batch, one.line) for one in again)],
            differing=[(one.batch, one.line) for one in held if not one.is_same],
            present=[(one.batch, one.line) for one in held if one.is_same],
        )
        firsts = [one.appended.first_seq for one in came if one.appended.count]
        if firsts:
            work.met.appended(min(firsts))
        ledger.complete_batches(session, stored)
        ledger.add_rejects(session, work.divisions[0], stored)
        return stored
