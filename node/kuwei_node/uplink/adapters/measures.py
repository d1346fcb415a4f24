"""Counting what screening did on one day: the Measures port over PostgreSQL.

Reads the ledger, its screenings and alerts as a finished record, and returns only
counts and sums; the texts it returns are rule and release ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from kuwei_node.uplink.domain import Day, Mark, Seen
from kuwei_shared.wire.statistics import VALUE_MAX, Family, Figure, Measure, Stage

MOST: Final = VALUE_MAX - 1  # a sum beyond it is absurd, and must not stop the day
# A reversal nobody reported is this node's own, after a refusal: no rule sees it, so
# it is no payment that could have been screened. The money it takes back counts.
PAYMENTS: Final = text(
    "SELECT p.stage, c.release, count(*) FILTER (WHERE p.entry_kind <> 'reversal'"
    " OR p.import_id IS NOT NULL OR s.payment_seq IS NOT NULL) AS payments,"
    " coalesce(sum(p.pay_amt), 0) * 100 AS amount_fen,"
    " coalesce(sum(p.xpay_amt), 0) * 100 AS paid_fen,"
    " count(s.payment_seq) AS screened,"
    " count(*) FILTER (WHERE s.decision = 'hold') AS held,"
    " count(*) FILTER (WHERE s.decision = 'reject') AS rejected"
    " FROM payment p"
    " LEFT JOIN screening s ON s.payment_seq = p.seq"
    " AND s.fiscal_year = p.fiscal_year"
    " LEFT JOIN compiled_catalogue c ON c.id = s.compiled_id"
    " WHERE p.mof_div_code = :code AND p.vou_date = :day"
    " GROUP BY p.stage, c.release ORDER BY p.stage, c.release"
)
HITS: Final = text(
    "SELECT h.rule_id, p.stage, c.release, count(*) AS hits"
    " FROM hit h JOIN payment p ON p.seq = h.payment_seq"
    " AND p.fiscal_year = h.fiscal_year"
    " JOIN screening s ON s.payment_seq = h.payment_seq"
    " AND s.fiscal_year = h.fiscal_year"
    " JOIN compiled_catalogue c ON c.id = s.compiled_id"
    " WHERE h.vou_date = :day AND h.mof_div_code = :code"
    " AND p.vou_date = :day AND p.mof_div_code = :code"
    " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)
# Outcome strings repeat: they are counted first and taken apart afterwards.
OPEN_OUTCOMES: Final = text(
    "WITH seen AS (SELECT s.compiled_id, s.outcomes, count(*) AS payments"
    " FROM payment p JOIN screening s ON s.payment_seq = p.seq"
    " AND s.fiscal_year = p.fiscal_year"
    " WHERE p.mof_div_code = :code AND p.vou_date = :day"
    " AND s.outcomes ~ '[?!]' GROUP BY 1, 2)"
    " SELECT c.rule_ids ->> (i - 1) AS rule_id, c.release,"
    " substr(seen.outcomes, i, 1) AS letter, sum(seen.payments)::bigint AS payments"
    " FROM seen JOIN compiled_catalogue c ON c.id = seen.compiled_id,"
    " generate_series(1, length(seen.outcomes)) AS i"
    " WHERE substr(seen.outcomes, i, 1) IN ('?', '!')"
    " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)
ALERTS: Final = text(
    "SELECT rule_id, count(*) AS alerts FROM alert"
    " WHERE mof_div_code = :code AND first_day = :day AND hit_count > 0"
    " GROUP BY 1 ORDER BY 1"
)
SEEN: Final = {
    "payment": text(
        "SELECT mof_div_code, vou_date AS day, max(seq) AS top, count(*) AS rows,"
        " count(*) FILTER (WHERE seq <= :pending) AS settled"
        " FROM payment WHERE seq > :upto GROUP BY 1, 2 ORDER BY 2, 1"
    ),
    "alert": text(
        "SELECT mof_div_code, first_day AS day, max(id) AS top, count(*) AS rows,"
        " count(*) FILTER (WHERE id <= :pending) AS settled"
        " FROM alert WHERE id > :upto GROUP BY 1, 2 ORDER BY 2, 1"
    ),
    "alert_move": text(
        "SELECT mof_div_code, first_day AS day, max(id) AS top, count(*) AS rows,"
        " count(*) FILTER (WHERE id <= :pending) AS settled"
        " FROM alert_move WHERE id > :upto GROUP BY 1, 2 ORDER BY 2, 1"
    ),
}
LETTERS: Final = {"?": Measure.UNDETERMINED, "!": Measure.ERRORS}
BY_STAGE: Final = (
    Measure.PAYMENTS,
    Measure.AMOUNT_FEN,
    Measure.PAID_FEN,
    Measure.SCREENED,
    Measure.HELD,
    Measure.REJECTED,
)


class ScreeningMeasures:
    """Counts screenings of this node's own ledger."""

    def of_day(self, session: Session, day: Day) -> Mapping[Family, tuple[Figure, ...]]:
        """Return a day's figures by family."""
        values = {"code": day.mof_div_code, "day": day.business_day}
        payments = session.execute(PAYMENTS, values).mappings().all()
        hits = session.execute(HITS, values).mappings().all()
        undecided = session.execute(OPEN_OUTCOMES, values).mappings().all()
        alerts = session.execute(ALERTS, values).mappings().all()
        rules = [
            *(_of_rule(Measure.HITS, row, "hits") for row in hits),
            *(_of_rule(LETTERS[row["letter"]], row, "payments") for row in undecided),
            *(_of_rule(Measure.ALERTS, row, "alerts") for row in alerts),
        ]
        return {
            Family.SCREENING: _by_stage(payments),
            Family.RULES: tuple(rules),
            Family.ADOPTION: _by_release(payments),
        }

    @property
    def sources(self) -> Sequence[str]:
        """Names of the records figures are counted from."""
        return tuple(SEEN)

    def seen(self, session: Session, mark: Mark) -> Sequence[Seen]:
        """Return what a source holds behind a mark, by day."""
        values = {"upto": mark.upto, "pending": mark.pending or 0}
        rows = session.execute(SEEN[mark.source], values).mappings()
        return [
            Seen(
                day=Day(mof_div_code=row["mof_div_code"], business_day=row["day"]),
                top=row["top"],
                rows=row["rows"],
                settled=row["settled"],
            )
            for row in rows
        ]


def _by_stage(rows: Sequence[RowMapping]) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            measure=measure,
            stage=stage,
            value=_bounded(
                sum(row[measure.value] for row in rows if row["stage"] == stage)
            ),
        )
        for stage in Stage
        if any(row["stage"] == stage for row in rows)
        for measure in BY_STAGE
    )


def _bounded(value: Decimal | int) -> int:
    return max(-MOST, min(MOST, int(value)))


def _by_release(rows: Sequence[RowMapping]) -> tuple[Figure, ...]:
    releases = sorted({row["release"] for row in rows if row["release"] is not None})
    return tuple(
        Figure(
            measure=Measure.SCREENED_BY_RELEASE,
            release_id=release,
            value=sum(row["screened"] for row in rows if row["release"] == release),
        )
        for release in releases
    )


def _of_rule(measure: Measure, row: RowMapping, column: str) -> Figure:
    return Figure(
        measure=measure,
        rule_id=row["rule_id"],
        stage=Stage(row["stage"]) if "stage" in row else None,
        release_id=row.get("release"),
        value=row[column],
    )
