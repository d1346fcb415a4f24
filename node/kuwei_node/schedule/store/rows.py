"""What a run judges: the rows of its days, and a mark of what they were.

The node's own acts: they take no scope.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from kuwei_node.schedule.domain import Knowledge, Stretch
from kuwei_shared.kernel.clock import CHINA
from kuwei_shared.rules.model import Schedule
from kuwei_shared.rules.printer import quote
from kuwei_shared.rules.vocabulary import PAYMENT, Entity, Vocabulary

SUBJECT_STAGE = "voucher"
"""Facts of a unit or an appropriation count executed payments."""
# A payment is judged once, whatever stages it went through: as executed, or as the
# bank reported it where nothing came before (historical files).
_ONCE = (
    f"(b.stage = '{SUBJECT_STAGE}' OR b.stage = 'receipt' AND NOT EXISTS"
    " (SELECT FROM payment v WHERE v.payment_id = b.payment_id"
    f" AND v.fiscal_year = b.fiscal_year AND v.stage = '{SUBJECT_STAGE}'))"
)


def position(session: Session) -> int:
    """Return the highest number a payment or a load of reference data has; or 0.

    Both take theirs from one sequence (ADR 11): what was loaded after the last
    payment is known to a run, too.
    """
    found = session.execute(
        text(
            "SELECT greatest((SELECT max(seq) FROM payment),"
            " (SELECT max(known_from) FROM reference_load), 0)"
        )
    )
    return int(found.scalar_one())


def knowledge(session: Session, dated: Sequence[Entity]) -> Knowledge:
    """Return when reference data was loaded that has no date of its own.

    Args:
        session: the open transaction.
        dated: reference entities whose rows have one; their days are marked.
    """
    months = session.execute(
        text(
            "SELECT date_trunc('month', loaded_at AT TIME ZONE :zone)::date AS month,"
            f" max(known_from) AS upto FROM reference_load WHERE {_CHANGED}"
            " GROUP BY 1 ORDER BY 1"
        ),
        {"zone": str(CHINA), "dated": [entity.table for entity in dated]},
    ).all()
    begun = session.execute(
        text(
            "SELECT max(first) FROM (SELECT min(known_from) AS first"
            f" FROM reference_load WHERE {_CHANGED} GROUP BY entity) begun"
        ),
        {"dated": [entity.table for entity in dated]},
    ).scalar_one()
    return Knowledge(
        begun=begun or 0, months=tuple((row.month, row.upto) for row in months)
    )


_CHANGED = "rows_added + rows_closed > 0 AND entity <> ALL (:dated)"


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
