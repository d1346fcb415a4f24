"""Claiming runs, and judging a subject's rows as a set.

The node's own acts: they take no scope. A claim is a row with a lease, so losing
Redis or a worker loses nothing; the next sweep hands the run out again.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from kuwei_node.schedule.domain import Claim, RuleReceipt, RunRow, RunSearch, Stretch
from kuwei_shared.db.paging import Listing, page_of
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.rules.model import Schedule
from kuwei_shared.rules.printer import quote
from kuwei_shared.rules.vocabulary import PAYMENT, Entity, Vocabulary

ATTEMPTS_MAX = 5
SUBJECT_STAGE = "voucher"
"""Facts of a unit or an appropriation count executed payments."""
# A payment is judged once, whatever stages it went through: as executed, or as the
# bank reported it where nothing came before (historical files).
_ONCE = (
    f"(b.stage = '{SUBJECT_STAGE}' OR b.stage = 'receipt' AND NOT EXISTS"
    " (SELECT FROM payment v WHERE v.payment_id = b.payment_id"
    f" AND v.fiscal_year = b.fiscal_year AND v.stage = '{SUBJECT_STAGE}'))"
)


def ledger_position(session: Session) -> int:
    """Return the highest payment sequence number, 0 for an empty ledger."""
    return int(
        session.execute(text("SELECT coalesce(max(seq), 0) FROM payment")).scalar_one()
    )


def unread_days(session: Session, before: dt.date) -> tuple[dt.date, dt.date] | None:
    """Return the first and last finished day with payments no run has read."""
    row = session.execute(
        text(
            "SELECT min(p.vou_date), max(p.vou_date) FROM payment p"
            " WHERE p.vou_date < :before AND p.seq > coalesce((SELECT max(r.as_of)"
            " FROM scheduled_run r WHERE r.schedule = 'day_end'"
            " AND r.finished_at IS NOT NULL), 0)"
        ),
        {"before": before},
    ).one()
    return (row[0], row[1]) if row[0] is not None else None


def ask(session: Session, stretches: Sequence[Stretch], at: dt.datetime) -> int:
    """Ask for runs; one already finished is asked for again. Return how many."""
    result = session.execute(
        text(
            "INSERT INTO scheduled_run (schedule, first_day, last_day, created_at)"
            " SELECT schedule, first, last, :at FROM json_to_recordset(:wanted)"
            " AS w(schedule text, first date, last date)"
            " ON CONFLICT (schedule, first_day, last_day) DO UPDATE"
            " SET finished_at = NULL, lease_until = NULL, attempt = 0, failure = NULL"
            " WHERE scheduled_run.finished_at IS NOT NULL"
        ),
        {"wanted": json.dumps([asdict(s) for s in stretches], default=str), "at": at},
    )
    return int(getattr(result, "rowcount", 0))


def claim(session: Session, at: dt.datetime, lease: dt.timedelta) -> Claim | None:
    """Claim the oldest run nobody holds, for the length of a lease."""
    row = session.execute(
        text(
            "UPDATE scheduled_run SET attempt = attempt + 1, lease_until = :until"
            " WHERE id = (SELECT id FROM scheduled_run WHERE finished_at IS NULL"
            " AND attempt < :most AND (lease_until IS NULL OR lease_until < :at)"
            " ORDER BY last_day, id LIMIT 1 FOR UPDATE SKIP LOCKED)"
            " RETURNING id, attempt, schedule, first_day, last_day"
        ),
        {"at": at, "until": at + lease, "most": ATTEMPTS_MAX},
    ).first()
    if row is None:
        return None
    stretch = Stretch(
        schedule=Schedule(row.schedule), first=row.first_day, last=row.last_day
    )
    return Claim(run_id=row.id, attempt=row.attempt, stretch=stretch)


def finish(
    session: Session,
    claim: Claim,
    *,
    at: dt.datetime,
    as_of: int,
    release: str,
    receipts: dict[str, list[RuleReceipt]],
) -> bool:
    """Record a finished run; False when the claim was lost to a later attempt."""
    packed = {name: [asdict(one) for one in each] for name, each in receipts.items()}
    row = session.execute(
        text(
            "UPDATE scheduled_run SET finished_at = :at, as_of = :as_of,"
            " release = :release, receipts = CAST(:receipts AS jsonb), failure = NULL"
            " WHERE id = :id AND attempt = :attempt AND finished_at IS NULL"
            " RETURNING id"
        ),
        {
            "at": at,
            "as_of": as_of,
            "release": release,
            "receipts": json.dumps(packed),
            "id": claim.run_id,
            "attempt": claim.attempt,
        },
    ).first()
    return row is not None


def fail(session: Session, claim: Claim, reason: str) -> None:
    """Keep why an attempt failed; the lease decides when it is tried again."""
    session.execute(
        text("UPDATE scheduled_run SET failure = :why WHERE id = :id"),
        {"why": reason[:500], "id": claim.run_id},
    )


def incoming(vocabulary: Vocabulary, subject: str, stretch: Stretch, as_of: int) -> str:
    """Return the SELECT of the rows a subject's rules are run over."""
    first, last = quote(str(stretch.first)), quote(str(stretch.last))
    if subject == PAYMENT:
        return (
            f"SELECT b.*, {as_of:d}::bigint AS as_of FROM payment b WHERE b.live"
            f" AND b.seq <= {as_of:d} AND b.vou_date BETWEEN {first} AND {last}"
            f" AND (b.reversed_by IS NULL OR b.reversed_by > {as_of:d})"
            f" AND {_ONCE}"
        )
    entity = vocabulary.entities[subject]
    day = f"b.{entity.subject_date}" if entity.subject_date else f"{last}::date"
    return (
        f"SELECT {', '.join(_columns(entity, day, as_of))}, {as_of:d}::bigint AS as_of"
        f" FROM {entity.table} b WHERE {_rows(entity, first, last, as_of)}"
    )


def _columns(entity: Entity, day: str, as_of: int) -> list[str]:
    """Return an entity's columns and those every row under judgement has."""
    columns = [f"b.{name}" for name in entity.fields if name != "vou_date"]
    own = {
        "mof_div_code": "b.mof_div_code",
        "fiscal_year": f"CAST(EXTRACT(year FROM {day}) AS integer)",
        "stage": _stage(entity, as_of),
        "agency_code": "NULL::text",
    }
    columns += [
        f"{sql} AS {name}" for name, sql in own.items() if name not in entity.fields
    ]
    # Negative, so that no row of a subject is ever taken for a payment.
    return [*columns, f"{day} AS vou_date", "-(row_number() OVER ())::bigint AS seq"]


def _stage(entity: Entity, as_of: int) -> str:
    """Return which of a subject's payments count: vouchers, or receipts of history.

    A treasury's files hold what was paid long ago and no vouchers; the facts of a
    unit known only from such files count what the bank reported.
    """
    key = next(
        (name for name in ("bgt_id", "agency_code") if name in entity.fields), ""
    )
    if not key:
        return quote(SUBJECT_STAGE)
    return (
        f"CASE WHEN EXISTS (SELECT FROM payment v WHERE v.{key} = b.{key}"
        f" AND v.stage = '{SUBJECT_STAGE}' AND v.seq <= {as_of:d})"
        f" THEN '{SUBJECT_STAGE}' ELSE 'receipt' END"
    )


def _rows(entity: Entity, first: str, last: str, as_of: int) -> str:
    if entity.subject_date:
        return f"b.{entity.subject_date} BETWEEN {first} AND {last}"
    return (
        f"b.valid_from <= {last}::date AND {last}::date < b.valid_to"
        f" AND b.known_from <= {as_of:d} AND {as_of:d} < b.known_to"
    )


def tally(session: Session, table: str) -> dict[str, int]:
    """Return outcome string → rows of a judged temporary table."""
    rows = session.execute(
        text(f"SELECT outcomes, count(*) AS met FROM {table} GROUP BY outcomes")
    )
    return {row.outcomes: row.met for row in rows}


_RUN = (
    "id, schedule, first_day, last_day, created_at, attempt, finished_at, release,"
    " failure, receipts"
)
_STATES = {
    "done": "finished_at IS NOT NULL",
    "failed": "finished_at IS NULL AND failure IS NOT NULL",
    "waiting": "finished_at IS NULL AND failure IS NULL",
}


def runs(session: Session, search: RunSearch, request: PageRequest) -> Page[RunRow]:
    """Return a page of runs, latest days first."""
    where = [_STATES[search.state]] if search.state in _STATES else []
    if search.schedule is not None:
        where.append("schedule = :schedule")
    listing = Listing(
        columns=_RUN,
        source="scheduled_run",
        where=where,
        values={"schedule": search.schedule} if search.schedule else {},
        orders={
            "last_day": ("last_day", "id"),
            "finished_at": ("finished_at", "id"),
        },
        default="-last_day",
    )
    return page_of(session, listing, request, _run)


def run(session: Session, run_id: int) -> RunRow | None:
    """Return one run."""
    found = session.execute(
        text(f"SELECT {_RUN} FROM scheduled_run WHERE id = :id"), {"id": run_id}
    )
    row = found.mappings().one_or_none()
    return None if row is None else _run(row)


def _run(row: RowMapping) -> RunRow:
    receipts = {
        subject: [RuleReceipt(**one) for one in each]
        for subject, each in (row["receipts"] or {}).items()
    }
    return RunRow(**{**row, "receipts": receipts})
