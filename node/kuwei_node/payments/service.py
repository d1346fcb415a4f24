"""Appending to the payment ledger: once, in order, with its units locked."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy.orm import Session

from kuwei_node.payments.domain import Looked, Row
from kuwei_node.payments.store import crediting, differences, reversing, totals
from kuwei_node.payments.store import ledger as store
from kuwei_node.payments.store.differences import Compared
from kuwei_node.payments.store.ledger import APPENDED, Appended
from kuwei_node.payments.store.totals import Numbers
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rules.running import Total

__all__ = [
    "APPENDED",
    "Appended",
    "Compared",
    "Ledger",
    "Numbers",
    "RunningTotals",
]

LOCK_KEYS = ("agency_code", "bgt_id", "pro_code", "contract_no")
"""What a realtime fact may be keyed by first; payments that share one wait in line."""
ROUNDS_MAX = 1_000
UNLOCKED_RETRY_S = 5


class RunningTotals:
    """The second truth beside the ledger: begun, compared with it, mended (ADR 18)."""

    def __init__(self, aside: UnitOfWork) -> None:
        """Take what opens transactions of their own; they see the whole ledger."""
        self._aside = aside
        self._beginning = threading.Lock()

    def begin(self, wanted: Collection[Total]) -> bool:
        """Keep further totals, beginning with what the ledger holds.

        Payments go on being screened, judged by the ledger until a total is whole.

        Returns:
            False when another thread is at it; what it does is left to that one.
        """
        if not self._beginning.acquire(blocking=False):
            return False
        try:
            with self._aside.begin() as session:
                unfinished = totals.register(session, wanted)
            for total, number in unfinished.items():
                self._mend(total, number)
        finally:
            self._beginning.release()
        return True

    def check(self, session: Session) -> Iterator[Compared]:
        """Compare every whole total with the ledger as of one moment.

        Args:
            session: a transaction that has asked nothing yet; it can write nothing.
        """
        differences.stand_still(session)
        for total, number in totals.whole(session).items():
            yield differences.compare(session, total, number)

    def kept(self, session: Session, number: int | None = None) -> Numbers:
        """Return the totals kept, or the one of a number.

        Raises:
            KuweiError: ``totals.unknown``.
        """
        found = totals.kinds(session)
        if number is None:
            return found
        chosen = {one: n for one, n in found.items() if n == number}
        if not chosen:
            raise KuweiError(
                "totals.unknown",
                f"没有编号为 {number} 的累计数;编号见 kuwei-node totals check。",
                kind=Kind.MISSING,
            )
        return chosen

    def rebuild(self, total: Total, number: int) -> int:
        """Make a total what the ledger says; return how many rows that changed.

        Payments go on being screened but for the moment in which rows are changed.

        Raises:
            KuweiError: ``totals.taken`` when another process is at it.
        """
        mended = self._mend(total, number)
        if mended is None:
            raise KuweiError(
                "totals.taken",
                f"累计数 {number} 正由另一进程重算,请等它结束后再核对。",
                kind=Kind.CONFLICT,
            )
        return mended

    def _mend(self, total: Total, number: int) -> int | None:
        """Mend in transactions of bounded size; None when another is at it."""
        mended = 0
        for _ in range(ROUNDS_MAX):
            with self._aside.begin() as session:
                if not differences.is_ours_to_mend(session, number):
                    return None
                added = differences.mend(session, total, number)
            mended += added
            if added < differences.MENDED_MAX:
                break
        if mended:
            with self._aside.begin() as session:
                differences.survey(session)
        return mended


class Ledger:
    """The payment ledger of one node."""

    def __init__(self, clock: Clock, aside: UnitOfWork) -> None:
        """Put the ledger together.

        Args:
            clock: stamps arrivals.
            aside: opens short transactions beside the caller's, for what nobody
                should wait for until the caller is done; on connections the
                caller's pool does not count.
        """
        self.clock = clock
        self.running = RunningTotals(aside)
        self._aside = aside

    def lock(self, session: Session, rows: Sequence[Row]) -> None:
        """Hold every unit of locking the rows touch until the transaction ends."""
        store.lock_units(session, _units(rows))

    def lend_locks(self, session: Session) -> int:
        """Keep units locked for another transaction, however long that one takes.

        Returns:
            The number of this connection, for ``require_locked_by``.
        """
        totals.wait_in_peace(session)
        return store.connection_of(session)

    def require_locked_by(self, session: Session, connection: int) -> None:
        """Refuse to go on unless another connection still holds its units.

        Raises:
            KuweiError: ``payment.unlocked``; this transaction must be given up.
        """
        if not store.holds_units(session, connection):
            raise KuweiError(
                "payment.unlocked",
                "导入所用的数据库连接中断,本组未入库,请重新运行该导入。",
                kind=Kind.UNAVAILABLE,
                retry_after_s=UNLOCKED_RETRY_S,
            )

    def lock_and_look(self, session: Session, rows: Sequence[Row]) -> Looked:
        """Lock the rows' units; return what the ledger holds of the same payments."""
        ids = list(dict.fromkeys(row["payment_id"] for row in rows))
        held = store.lock_units_and_look(session, _units(rows), ids)
        there = {(one.payment_id, one.stage) for one in held}
        again = [row for row in rows if (row["payment_id"], row["stage"]) in there]
        known = store.known(session, _packed(again)) if again else []
        return Looked(known, held)

    def append(
        self, session: Session, rows: Sequence[Row]
    ) -> dict[tuple[str, str], int]:
        """Append rows whose units are locked; return (payment_id, stage) → seq."""
        self.ensure_years(session, {int(row["fiscal_year"]) for row in rows})
        numbered = store.insert(session, _packed(rows), self.clock.now())
        credits_given = [
            numbered[(row["payment_id"], row["stage"])]
            for row in rows
            if row.get("orig_payment_id")
        ]
        if credits_given:
            crediting.void_credits(session, credits_given)
        return numbered

    def rehearse(self, session: Session, numbers: Numbers) -> None:
        """Append, look for and enter no payment: statements get their plans."""
        store.lock_units_and_look(session, [], [])
        store.insert(session, "[]", self.clock.now())
        totals.enter(session, numbers, [])

    def append_staged(self, session: Session, import_id: int) -> Appended:
        """Append the rows staged in ``intake_good``; known ones are left alone."""
        return store.insert_staged(session, import_id, self.clock.now())

    def set_refused(
        self,
        session: Session,
        seqs: list[int],
        refused: list[int],
        given: Sequence[int] = (),
    ) -> None:
        """Mark which of these payments are refused: no fact counts them.

        Args:
            session: the transaction that appended them.
            seqs: their sequence numbers.
            refused: those among them that are refused; all others are not.
            given: those among them that name an original; what they take back of one
                that is not counted is not counted either.
        """
        store.set_refused(session, seqs, refused)
        if given:
            crediting.void_credits(session, list(given))

    def lock_stages(self, session: Session, seq: int) -> None:
        """Hold every unit a payment and its credits touch; nothing if unknown.

        Raises:
            KuweiError: ``payment.moving`` when one of another unit came in meanwhile;
                this transaction must be given up.
        """
        units = reversing.units_of(session, seq)
        self.lock(session, units)
        if not set(_units(reversing.units_of(session, seq))) <= set(_units(units)):
            raise KuweiError(
                "payment.moving",
                "这笔支付刚有新的环节或冲减到达,请刷新后再处理。",
                kind=Kind.CONFLICT,
            )

    def reverse(self, session: Session, seq: int) -> None:
        """Reverse a payment and its earlier stages, whose units are locked, once."""
        kept = totals.kinds(session)
        totals.take_out(session, kept, seq)
        reversing.reverse(session, seq, self.clock.now())
        totals.put_back(session, kept, seq)

    def begin_totals(self, session: Session, wanted: Collection[Total]) -> None:
        """See to it that the running totals wanted are kept from here on.

        Args:
            session: the open transaction; it holds no unit yet, for beginning a
                total waits for whoever does.
            wanted: the totals a catalogue can be judged from.
        """
        memory = _memory(session)
        missing = {one for one in wanted if one not in self.totals(session)}
        # Beyond the most that are kept there is no use in asking again.
        if missing <= memory.setdefault("totals_declined", set()):
            return
        totals.wait_in_peace(session)
        if self.running.begin(wanted):
            memory["totals_declined"] |= missing - set(totals.kinds(session))
        memory["totals"] = totals.whole(session)

    def totals(self, session: Session) -> Numbers:
        """Return the running totals to judge by; what is not there is added up."""
        memory = _memory(session)
        if "totals" not in memory:
            memory["totals"] = totals.whole(session)
        known: Numbers = memory["totals"]
        return known

    def enter(self, session: Session, numbers: Numbers, seqs: Sequence[int]) -> None:
        """Enter appended payments in the running totals, once they are judged.

        Args:
            session: the transaction that appended them, their units locked.
            numbers: as ``totals`` gave them.
            seqs: their sequence numbers.
        """
        kept = totals.enter(session, numbers, seqs)
        if kept != len(numbers):
            totals.enter(session, _begun_since(session, numbers), seqs)

    def enter_appended(self, session: Session, numbers: Numbers) -> None:
        """Enter the payments an import has just appended, as ``enter`` does."""
        kept = totals.enter_from(session, numbers, APPENDED)
        if kept != len(numbers):
            totals.enter_from(session, _begun_since(session, numbers), APPENDED)

    def ensure_years(self, session: Session, years: set[int]) -> None:
        """Make room for budget years.

        Raises:
            KuweiError: ``payment.year`` for a year no treasury keeps books of.
        """
        present: set[int] = _memory(session).setdefault("years", set())
        missing = years - present
        if not missing:
            return
        strange = [y for y in missing if not store.YEAR_MIN <= y < store.YEAR_MAX]
        if strange:
            raise KuweiError(
                "payment.year",
                f"预算年度 {strange[0]} 不合理,"
                f"应在 {store.YEAR_MIN}–{store.YEAR_MAX} 之间。",
            )
        present |= store.present_years(session)
        if not missing <= present:
            # A partition locks its whole table until its transaction ends.
            with self._aside.begin() as own:
                store.ensure_years(own, missing - present)
            present |= missing

    def received_at(self) -> dt.datetime:
        """Return the moment the ledger stamps arrivals with."""
        return self.clock.now()


def _memory(session: Session) -> dict[str, Any]:  # Any: what each name is for
    """Return what is remembered with the connection, until its database is gone."""
    return session.connection().connection.info


def _units(rows: Sequence[Row]) -> list[str]:
    keys = (*LOCK_KEYS, "payment_id")
    units = {f"{key}:{row[key]}" for row in rows for key in keys if row.get(key)}
    # Credits against one payment wait in line even if their units differ.
    credited = {row.get("orig_payment_id") for row in rows} - {None}
    units |= {f"payment_id:{one}" for one in credited}
    return sorted(units)


def _packed(rows: Sequence[Row]) -> str:
    return orjson.dumps(rows, default=str).decode()


def _begun_since(session: Session, numbers: Numbers) -> Numbers:
    """Return totals begun after ours were read, or begun and not whole yet."""
    _memory(session)["totals"] = totals.whole(session)
    kept = totals.kinds(session)
    return {total: number for total, number in kept.items() if total not in numbers}
