"""Claiming runs, and judging a subject's rows as a set.

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
from kuwei_shared.rules.printer import quote
from kuwei_shared.rules.vocabulary import PAYMENT, Entity, Vocabulary

ATTEMPTS_MAX = 5
SILENT = "上一次运行中途停止,没有留下原因。"
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


def marks(
    session: Session, dated: Sequence[Entity], first: dt.date, last: dt.date
) -> dict[dt.date, str]:
    """Return what each day holds, condensed: equal marks mean equal rows.

    Rows are counted and summed, never compared with a position in the sequence:
    a slow transaction commits after later numbers.

    Args:
        session: the open transaction.
        dated: reference entities whose rows have a date of their own.
        first: first day.
        last: last day.
    """
    parts = [
        (
            "SELECT 'payment' AS source, vou_date AS day, count(*) || ':' || sum(seq)"
            " AS mark FROM payment WHERE vou_date BETWEEN :first AND :last GROUP BY 2"
        ),
        *(_marks_of(entity) for entity in dated),
    ]
    rows = session.execute(
        text(
            "SELECT day, string_agg(source || ':' || mark, ' ' ORDER BY source) AS mark"
            f" FROM ({' UNION ALL '.join(parts)}) held GROUP BY day"
        ),
        {"first": first, "last": last},
    )
    return {row.day: row.mark for row in rows}


def _marks_of(entity: Entity) -> str:
    fields = ", ".join(f"b.{name}" for name in entity.fields)
    return (
        f"SELECT {quote(entity.table)}, b.{entity.subject_date}, count(*) || ':' ||"
        f" sum(hashtextextended(ROW({fields})::text, 0)::numeric)"
        f" FROM {entity.table} b WHERE b.{entity.subject_date} BETWEEN :first AND :last"
        " GROUP BY 2"
    )


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


def incoming(vocabulary: Vocabulary, subject: str, stretch: Stretch, as_of: int) -> str:
    """Return the SELECT of the rows a subject's rules are run over.

    What has no date of its own is judged at the end of each day of the stretch, by
    rules of the month at the end of the last.
    """
    first, last = quote(str(stretch.first)), quote(str(stretch.last))
    if subject == PAYMENT:
        return (
            f"SELECT b.*, {as_of:d}::bigint AS as_of FROM payment b WHERE b.live"
            f" AND b.seq <= {as_of:d} AND b.vou_date BETWEEN {first} AND {last}"
            f" AND (b.reversed_by IS NULL OR b.reversed_by > {as_of:d})"
            f" AND {_ONCE}"
        )
    entity = vocabulary.entities[subject]
    day, source = f"b.{entity.subject_date}", f"{entity.table} b"
    if entity.subject_date is None:
        since = first if stretch.schedule is Schedule.DAY_END else last
        day, source = "d.day", f"{source} CROSS JOIN {_DAYS.format(since, last)}"
    return (
        f"SELECT {', '.join(_columns(entity, day, as_of))}, {as_of:d}::bigint AS as_of"
        f" FROM {source} WHERE {_rows(entity, first, last, as_of)}"
    )


_DAYS = (
    "(SELECT g::date AS day FROM generate_series({}::timestamp, {}::timestamp,"
    " interval '1 day') g) d"
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
    # Negative, so that no row of a subject is ever taken for a payment; the latest
    # day has the highest, so that an alert tells the latest figures.
    seq = f"-(row_number() OVER (ORDER BY {day} DESC))::bigint AS seq"
    return [*columns, f"{day} AS vou_date", seq]


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
        "b.valid_from <= d.day AND d.day < b.valid_to"
        f" AND b.known_from <= {as_of:d} AND {as_of:d} < b.known_to"
    )


def tally(session: Session, table: str) -> dict[str, int]:
    """Return outcome string → rows of a judged temporary table."""
    rows = session.execute(
        text(f"SELECT outcomes, count(*) AS met FROM {table} GROUP BY outcomes")
    )
    return {row.outcomes: row.met for row in rows}


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
