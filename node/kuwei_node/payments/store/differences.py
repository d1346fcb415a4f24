"""Where running totals differ from the ledger, found and mended (ADR 18).

Whatever is appended, refused or reversed changes ledger and totals by the same
amount in one transaction. So a difference seen in one snapshot stays what it is
while payments go on arriving: it is looked for without a lock, and added under one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from kuwei_node.payments.store.ledger import REFERENCE_LOCK
from kuwei_node.payments.store.totals import ADDING, COLUMNS
from kuwei_shared.db.prepared import Prepared, run_verbatim
from kuwei_shared.rules.running import Total, contributions

MENDING_LOCK = 3
MENDED_MAX = 100_000
"""Rows added in one transaction: no payment is screened for as long as that takes."""
LOOK_MIN = 10
SHOWN_MAX = 5
_FOUND = "total_difference"


class Difference(NamedTuple):
    """A sum as it is kept and as the ledger has it; amounts as text."""

    key: str
    bucket: int
    stage: str
    kept: str
    due: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One running total beside the ledger.

    Attributes:
        rows: keys, periods and stages compared.
        differing: how many of them differ.
        shown: the first few that do.
    """

    number: int
    total: Total
    rows: int
    differing: int
    shown: tuple[Difference, ...]


def stand_still(session: Session) -> None:
    """Let a fresh transaction see one moment throughout, and change nothing."""
    run_verbatim(session, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def compare(session: Session, total: Total, number: int) -> Compared:
    """Add one total up from the ledger and set it beside what is kept."""
    _take_time(session)
    once = Prepared(
        f"WITH beside AS MATERIALIZED ({_beside(total, number)}),"
        " unlike AS (SELECT * FROM beside WHERE kept <> due ORDER BY key, bucket, stage"
        f" LIMIT {SHOWN_MAX:d}) SELECT count(*), count(*) FILTER (WHERE kept <> due),"
        " (SELECT json_agg(json_build_array(key, bucket, stage, kept::text, due::text))"
        " FROM unlike) FROM beside",
        (),
    )
    [(rows, differing, shown)] = once.run_once(session)
    return Compared(
        number=number,
        total=total,
        rows=rows,
        differing=differing,
        shown=tuple(Difference(*one) for one in shown or ()),
    )


def is_ours_to_mend(session: Session, number: int) -> bool:
    """Claim a total until the transaction ends: a difference is added once only."""
    claim = text(f"SELECT pg_try_advisory_xact_lock({MENDING_LOCK:d}, :number)")
    return bool(session.execute(claim, {"number": number}).scalar_one())


def mend(session: Session, total: Total, number: int) -> int:
    """Add what one total, ours to mend, lacks; return how many rows that changed.

    At most ``MENDED_MAX``; with fewer the total is whole.
    """
    _take_time(session)
    beside = _beside(total, number)
    run_verbatim(
        session,
        f"CREATE TEMP TABLE {_FOUND} ON COMMIT DROP AS SELECT {number:d} AS total_id,"
        f" stage, key, bucket, due - kept AS amount FROM ({beside}) b"
        f" WHERE kept <> due LIMIT {MENDED_MAX:d}",
    )
    session.execute(text(f"SELECT pg_advisory_xact_lock({REFERENCE_LOCK:d})"))
    mended = run_verbatim(
        session,
        f"INSERT INTO running_total AS t ({COLUMNS}) SELECT {COLUMNS} FROM {_FOUND}"
        f"{ADDING}",
    )
    if mended < MENDED_MAX:
        session.execute(
            text("UPDATE running_total_kind SET is_whole = true WHERE id = :number"),
            {"number": number},
        )
    return mended


def survey(session: Session) -> None:
    """Count the totals anew: a table found empty once is scanned whole ever after."""
    run_verbatim(session, "ANALYZE running_total")


def _beside(total: Total, number: int) -> str:
    """Return a SELECT of ``key, bucket, stage, kept, due`` of one total."""
    kept = (
        "SELECT stage, key, bucket, amount FROM running_total"
        f" WHERE total_id = {number:d}"
    )
    return (
        "SELECT key, bucket, stage, coalesce(t.amount, 0) AS kept,"
        " coalesce(c.amount, 0) AS due"
        f" FROM ({contributions({total: number}, 'payment')}) c"
        f" FULL JOIN ({kept}) t USING (stage, key, bucket)"
    )


def _take_time(session: Session) -> None:
    """Adding up a great ledger takes longer than any payment may."""
    session.execute(text(f"SET LOCAL statement_timeout = '{LOOK_MIN:d}min'"))
