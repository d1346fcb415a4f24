"""Appending to the payment ledger: once, in order, with its units locked."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from kuwei_node.payments import store
from kuwei_node.payments.store import Appended, Known
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import KuweiError

__all__ = ["Appended", "Known", "Ledger"]

# Any: values of vocabulary payment fields, JSON-ready, checked at the edge.
Row = Mapping[str, Any]


LOCK_KEYS = ("agency_code", "bgt_id", "pro_code", "contract_no")
"""What a realtime fact may be keyed by first; payments that share one wait in line."""


class Ledger:
    """The payment ledger of one node."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._years: set[int] = set()

    def lock(self, session: Session, rows: Sequence[Row]) -> None:
        """Hold every unit of locking the rows touch until the transaction ends."""
        keys = (*LOCK_KEYS, "payment_id")
        units = {f"{key}:{row[key]}" for row in rows for key in keys if row.get(key)}
        # Credits against one payment wait in line even if their units differ.
        credited = {row.get("orig_payment_id") for row in rows} - {None}
        units |= {f"payment_id:{one}" for one in credited}
        store.lock_units(session, sorted(units))

    def known(self, session: Session, rows: Sequence[Row]) -> list[Known]:
        """Return which rows the ledger holds already, and whether unchanged."""
        return store.known(session, json.dumps(rows, default=str))

    def append(
        self, session: Session, rows: Sequence[Row]
    ) -> dict[tuple[str, str], int]:
        """Append rows whose units are locked; return (payment_id, stage) → seq."""
        self.ensure_years(session, {int(row["fiscal_year"]) for row in rows})
        packed = json.dumps(rows, default=str)
        numbered = store.insert(session, packed, self.clock.now())
        if any(row.get("entry_kind") == "reversal" for row in rows):
            store.void_reversals(session, list(numbered.values()))
        return numbered

    def append_staged(self, session: Session, import_id: int) -> Appended:
        """Append the rows staged in ``intake_good``; known ones are left alone."""
        return store.insert_staged(session, import_id, self.clock.now())

    def set_refused(
        self, session: Session, seqs: list[int], refused: list[int]
    ) -> None:
        """Mark which of these payments are refused: no fact counts them."""
        store.set_refused(session, seqs, refused)

    def lock_stages(self, session: Session, seq: int) -> None:
        """Hold every unit a payment touches at any stage; nothing if unknown."""
        self.lock(session, store.units_of(session, seq))

    def reverse(self, session: Session, seq: int) -> None:
        """Reverse a payment and its earlier stages, whose units are locked, once."""
        store.reverse(session, seq, self.clock.now())

    def ensure_years(self, session: Session, years: set[int]) -> None:
        """Make room for budget years.

        Raises:
            KuweiError: ``payment.year`` for a year no treasury keeps books of.
        """
        missing = years - self._years
        if not missing:
            return
        strange = [y for y in missing if not store.YEAR_MIN <= y < store.YEAR_MAX]
        if strange:
            raise KuweiError(
                "payment.year",
                f"预算年度 {strange[0]} 不合理,"
                f"应在 {store.YEAR_MIN}–{store.YEAR_MAX} 之间。",
            )
        present = store.present_years(session)
        # A partition made here is gone if this transaction rolls back.
        made: set[int] = session.info.setdefault("years_made", set())
        self._years |= present - made
        if missing - present:
            store.ensure_years(session, missing - present)
            made |= missing - present

    def received_at(self) -> dt.datetime:
        """Return the moment the ledger stamps arrivals with."""
        return self.clock.now()
