"""Running totals: kept in the transaction that appends, under the same locks.

Whoever holds the locks of a payment holds those of its totals, so no two
transactions ever change one row. They hold what counts now: rows that are refused
or reversed are in none. What a total sums is said in ``kuwei_shared.rules.running``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from sqlalchemy import text
from sqlalchemy.orm import Session

from kuwei_node.payments.store.ledger import REFERENCE_LOCK
from kuwei_node.payments.store.reversing import concerned
from kuwei_shared.db.prepared import Prepared, run_verbatim
from kuwei_shared.rules.running import (
    Total,
    columns_read,
    contributions,
    total_said,
)

KINDS_MAX = 64
COLUMNS = "total_id, stage, key, bucket, amount"
# In the order of the index: its pages are visited once.
ADDING = (
    " ORDER BY key, total_id, bucket, stage ON CONFLICT (key, total_id, bucket, stage)"
    " DO UPDATE SET amount = t.amount + excluded.amount"
)

Numbers = Mapping[Total, int]


def kinds(session: Session) -> dict[Total, int]:
    """Return the totals payments are entered in, with their numbers."""
    return _kinds(session, "SELECT said, id FROM running_total_kind ORDER BY id")


def whole(session: Session) -> dict[Total, int]:
    """Return the totals that hold the whole ledger: those that may be judged by."""
    return _kinds(
        session, "SELECT said, id FROM running_total_kind WHERE is_whole ORDER BY id"
    )


def wait_in_peace(session: Session) -> None:
    """Keep the caller's transaction from being ended as idle while it waits."""
    run_verbatim(session, "SET LOCAL idle_in_transaction_session_timeout = 0")


def register(session: Session, wanted: Collection[Total]) -> dict[Total, int]:
    """Have payments entered in further totals from here on; return what is not whole.

    No payment is being screened meanwhile: one that was and did not know of a total
    would be in it never. Beyond ``KINDS_MAX`` nothing more is kept: facts are then
    added up from the ledger.
    """
    if set(wanted) - set(kinds(session)):
        session.execute(text(f"SELECT pg_advisory_xact_lock({REFERENCE_LOCK:d})"))
        there = kinds(session)
        room = max(KINDS_MAX - len(there), 0)
        missing = [total.text for total in wanted if total not in there][:room]
        session.execute(
            text(
                "INSERT INTO running_total_kind (said, is_whole)"
                " SELECT unnest(CAST(:said AS text[])), false"
            ),
            {"said": missing},
        )
    unfinished = set(wanted) - set(whole(session))
    return {one: n for one, n in kinds(session).items() if one in unfinished}


def enter(session: Session, numbers: Numbers, seqs: Sequence[int]) -> int:
    """Add appended payments to totals; return how many kinds are kept by now."""
    if not numbers:
        return len(kinds(session))
    statement = _enter(tuple(numbers.items()))
    return int(statement.run(session, list(seqs))[0][0])


def enter_from(session: Session, numbers: Numbers, rows: str) -> int:
    """Add the payments of a (temporary) table, as ``enter`` does."""
    if numbers:
        run_verbatim(session, _adding(numbers, rows))
    return len(kinds(session))


def take_out(session: Session, numbers: Numbers, seq: int) -> None:
    """Take a payment, its other stages and their credits out of totals."""
    _whole(session, numbers, seq, "-")


def put_back(session: Session, numbers: Numbers, seq: int) -> None:
    """Enter what was taken out, as it stands now."""
    _whole(session, numbers, seq, "")


def _whole(session: Session, numbers: Numbers, seq: int, sign: str) -> None:
    if not numbers:
        return
    columns = ", ".join(f"p.{name}" for name in columns_read(list(numbers)))
    rows = f"({concerned(columns, seq)})"
    run_verbatim(session, _adding(numbers, rows, sign))


@lru_cache(maxsize=8)
def _enter(numbered: tuple[tuple[Total, int], ...]) -> Prepared:
    numbers = dict(numbered)
    columns = ", ".join(columns_read(list(numbers)))
    fresh = f"SELECT {columns} FROM payment WHERE seq = ANY($1)"
    return Prepared(
        f"WITH fresh AS MATERIALIZED ({fresh}),"
        f" entered AS ({_adding(numbers, 'fresh')} RETURNING 1)"
        " SELECT count(*) FROM running_total_kind",
        ("bigint[]",),
    )


def _adding(numbers: Numbers, rows: str, sign: str = "") -> str:
    return (
        f"INSERT INTO running_total AS t ({COLUMNS})"
        f" SELECT total_id, stage, key, bucket, {sign}amount"
        f" FROM ({contributions(numbers, rows)}) c{ADDING}"
    )


def _kinds(session: Session, sql: str) -> dict[Total, int]:
    return {total_said(said): number for said, number in session.execute(text(sql))}
