"""Window functions that say what came before each row of a set, by a fact's window."""

from __future__ import annotations

from kuwei_shared.rules.measuring import MONTH, counted, measure
from kuwei_shared.rules.vocabulary import Bucket, Fact, Measure

_ALL_BEFORE = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"


def group_columns(fact: Fact, row: str) -> dict[str, str]:
    """Return what payments of one group share: name → expression."""
    keys = {name: f"{row}.{name}" for name in ("stage", *fact.over)}
    return keys | _bucket_column(fact, row)


def _bucket_column(fact: Fact, row: str) -> dict[str, str]:
    """Return the column that names the bucket, if any: name → expression."""
    match fact.bucket:
        case Bucket.DAY | Bucket.DAYS:
            return {"vou_date": f"{row}.vou_date"}
        case Bucket.MONTH:
            return {"vou_month": MONTH.format(row)}
        case Bucket.YEAR:
            return {"fiscal_year": f"{row}.fiscal_year"}
        case Bucket.ALL:
            return {}


def plus(fact: Fact, one: str, other: str) -> str:
    """Combine a fact's measures of two parts of its window."""
    if fact.measure is Measure.MAX:
        return f"greatest({one}, {other})"
    return f"coalesce({one}, 0) + coalesce({other}, 0)"


def in_bucket(fact: Fact, row: str) -> str:
    """Return the measure of the set's earlier rows in a row's own bucket."""
    bucket = ", ".join(group_columns(fact, row).values())
    window = f"OVER (PARTITION BY {bucket} ORDER BY {row}.seq {_ALL_BEFORE})"
    return f"{_summed(fact, row)} {window}"


def over_days(fact: Fact, row: str) -> str:
    """Look back over days: earlier days by range, the same day by arrival."""
    keys = ", ".join(f"{row}.{name}" for name in ("stage", *fact.over))
    earlier = (
        f"OVER (PARTITION BY {keys} ORDER BY {row}.vou_date RANGE BETWEEN"
        f" INTERVAL '{fact.days - 1} days' PRECEDING AND INTERVAL '1 day' PRECEDING)"
    )
    return plus(fact, f"{_summed(fact, row)} {earlier}", in_bucket(fact, row))


def _summed(fact: Fact, row: str) -> str:
    return f"{measure(fact, row)} FILTER (WHERE {counted(fact, row)})"
