"""Claiming runs, and what they left behind.

The node's own acts: they take no scope. Who runs a claim holds its row locked, so a
worker that is gone holds nothing: the next sweep hands its run out again.
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

ATTEMPTS_MAX = 5
SILENT = "上一次运行中途停止,没有留下原因。"


def read(session: Session) -> dict[Schedule, dict[dt.date, str | None]]:
    """Return what the latest run of each day read of it; None while one is open."""
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (r.schedule, d.day) r.schedule, d.day::date AS day,"
            " CASE WHEN r.finished_at IS NOT NULL THEN"
            " coalesce(r.days_read ->> to_char(d.day, 'YYYY-MM-DD'), '') END AS mark"
            " FROM scheduled_run r CROSS JOIN generate_series(r.first_day::timestamp,"
            " r.last_day::timestamp, interval '1 day') AS d(day)"
            " ORDER BY r.schedule, d.day, r.finished_at DESC NULLS FIRST, r.id DESC"
        )
    )
    found: dict[Schedule, dict[dt.date, str | None]] = {one: {} for one in Schedule}
    for row in rows:
        found[Schedule(row.schedule)][row.day] = row.mark
    return found


def revive(session: Session, before: dt.datetime) -> int:
    """Give runs abandoned before a moment new attempts; return how many."""
    result = session.execute(
        text(
            "UPDATE scheduled_run SET attempt = 0, resting_until = NULL"
            " WHERE finished_at IS NULL AND attempt >= :most"
            " AND resting_until < :before"
        ),
        {"most": ATTEMPTS_MAX, "before": before},
    )
    return int(getattr(result, "rowcount", 0))


def ask(session: Session, stretches: Sequence[Stretch], at: dt.datetime) -> int:
    """Ask for runs; one already finished is asked for again. Return how many.

    One that somebody else asks for or runs just now is left to them, not waited for.
    """
    asked = session.execute(
        text(
            "WITH wanted AS (SELECT schedule, first AS first_day, last AS last_day"
            " FROM json_to_recordset(:wanted)"
            " AS w(schedule text, first date, last date)),"
            " done AS (SELECT id FROM scheduled_run JOIN wanted"
            " USING (schedule, first_day, last_day)"
            " WHERE finished_at IS NOT NULL FOR UPDATE OF scheduled_run SKIP LOCKED),"
            " again AS (UPDATE scheduled_run r SET finished_at = NULL,"
            " resting_until = NULL, attempt = 0, failure = NULL"
            " FROM done WHERE r.id = done.id RETURNING 1),"
            " fresh AS (INSERT INTO scheduled_run"
            " (schedule, first_day, last_day, created_at)"
            " SELECT schedule, first_day, last_day, :at FROM wanted"
            " ON CONFLICT (schedule, first_day, last_day) DO NOTHING RETURNING 1)"
            " SELECT (SELECT count(*) FROM again) + (SELECT count(*) FROM fresh)"
        ),
        {"wanted": json.dumps([asdict(s) for s in stretches], default=str), "at": at},
    )
    return int(asked.scalar_one())


def claim(session: Session, at: dt.datetime, rest: dt.timedelta) -> Claim | None:
    """Claim the oldest run nobody holds and that is not resting.

    An attempt that ends in silence is followed by the next at once; the last one is
    given a rest's time before its run counts as abandoned.
    """
    row = session.execute(
        text(
            "UPDATE scheduled_run SET attempt = attempt + 1, resting_until ="
            " CASE WHEN attempt + 1 < :most THEN CAST(:at AS timestamptz)"
            " ELSE :until END,"
            " failure = CASE WHEN attempt > 0 THEN coalesce(failure, :silent)"
            " ELSE failure END WHERE id = (SELECT id FROM scheduled_run"
            " WHERE finished_at IS NULL AND attempt < :most"
            " AND (resting_until IS NULL OR resting_until <= :at)"
            " ORDER BY last_day, id LIMIT 1 FOR UPDATE SKIP LOCKED)"
            " RETURNING id, attempt, schedule, first_day, last_day"
        ),
        {"at": at, "until": at + rest, "most": ATTEMPTS_MAX, "silent": SILENT},
    ).first()
    if row is None:
        return None
    stretch = Stretch(
        schedule=Schedule(row.schedule), first=row.first_day, last=row.last_day
    )
    return Claim(run_id=row.id, attempt=row.attempt, stretch=stretch)


def hold(session: Session, claim: Claim) -> bool:
    """Lock a claimed run until the transaction ends; False when the claim was lost."""
    row = session.execute(
        text(
            "SELECT id FROM scheduled_run WHERE id = :id AND attempt = :attempt"
            " AND finished_at IS NULL FOR NO KEY UPDATE"
        ),
        {"id": claim.run_id, "attempt": claim.attempt},
    ).first()
    return row is not None


def finish(
    session: Session,
    claim: Claim,
    *,
    at: dt.datetime,
    as_of: int,
    days_read: dict[dt.date, str],
    release: str,
    receipts: dict[str, list[RuleReceipt]],
) -> None:
    """Record a run its holder finished."""
    packed = {name: [asdict(one) for one in each] for name, each in receipts.items()}
    session.execute(
        text(
            "UPDATE scheduled_run SET finished_at = :at, as_of = :as_of,"
            " days_read = CAST(:days AS jsonb), release = :release,"
            " receipts = CAST(:receipts AS jsonb), failure = NULL WHERE id = :id"
        ),
        {
            "at": at,
            "as_of": as_of,
            "days": json.dumps({str(day): mark for day, mark in days_read.items()}),
            "release": release,
            "receipts": json.dumps(packed),
            "id": claim.run_id,
        },
    )


def fail(session: Session, claim: Claim, reason: str, until: dt.datetime) -> None:
    """Keep why an attempt failed, and when the next may follow."""
    session.execute(
        text(
            "UPDATE scheduled_run SET failure = :why, resting_until = :until"
            " WHERE id = :id AND attempt = :attempt AND finished_at IS NULL"
        ),
        {
            "why": reason[:500],
            "until": until,
            "id": claim.run_id,
            "attempt": claim.attempt,
        },
    )


_ABANDONED = (
    f"(finished_at IS NULL AND attempt >= {ATTEMPTS_MAX} AND resting_until <= :at)"
)
_RUN = (
    "id, schedule, first_day, last_day, created_at, attempt, finished_at, release,"
    f" failure, receipts, coalesce({_ABANDONED}, false) AS is_abandoned"
)
_STATES = {
    "done": "finished_at IS NOT NULL",
    "abandoned": _ABANDONED,
    "failed": f"finished_at IS NULL AND failure IS NOT NULL AND NOT {_ABANDONED}",
    "waiting": "finished_at IS NULL AND failure IS NULL",
}


def runs(
    session: Session, search: RunSearch, request: PageRequest, at: dt.datetime
) -> Page[RunRow]:
    """Return a page of runs as they stand at a moment, latest days first."""
    where = [_STATES[search.state]] if search.state in _STATES else []
    if search.schedule is not None:
        where.append("schedule = :schedule")
    listing = Listing(
        columns=_RUN,
        source="scheduled_run",
        where=where,
        values={"at": at, "schedule": search.schedule},
        orders={
            "last_day": ("last_day", "id"),
            "finished_at": ("finished_at", "id"),
        },
        default="-last_day",
        sparse={"finished_at"},
    )
    return page_of(session, listing, request, _run)


def run(session: Session, run_id: int, at: dt.datetime) -> RunRow | None:
    """Return one run as it stands at a moment."""
    found = session.execute(
        text(f"SELECT {_RUN} FROM scheduled_run WHERE id = :id"),
        {"id": run_id, "at": at},
    )
    row = found.mappings().one_or_none()
    return None if row is None else _run(row)


def _run(row: RowMapping) -> RunRow:
    receipts = {
        subject: [RuleReceipt(**one) for one in each]
        for subject, each in (row["receipts"] or {}).items()
    }
    return RunRow(**{**row, "receipts": receipts})
