"""What the figures in force come to by month and year, kept with them (ADR 21).

Every change of a day's figures is added to its sums in the same transaction, so a
sum always equals the days it is made of; ``check`` says where it does not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import RowMapping, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kuwei_hub.statistics.domain import FOLDED, Change, Checked, Hits, MonthSum, Span
from kuwei_hub.statistics.models import NO_STAGE, StatisticRuleSum, StatisticSum
from kuwei_shared.db.paging import within
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.wire.statistics import Measure, Stage

# The parts below are put together from these names alone.
_NAMES = [measure.value for measure in FOLDED]
_PLAIN_SUMS = ", ".join(
    f"coalesce(sum(value) FILTER (WHERE measure = '{name}'), 0) AS {name}"
    for name in _NAMES
)
_ANY = " OR ".join(f"{name} <> 0" for name in _NAMES)
_SPANS = "unnest(ARRAY['month', 'year']) AS span"
_SINCE = "CAST(date_trunc(span, business_day) AS date) AS since"
_HEAD = f"SELECT span, {_SINCE}, mof_div_code"

_PLAIN = {
    "statistic_sum": f"""
        {_HEAD}, coalesce(stage, '{NO_STAGE}') AS stage, {_PLAIN_SUMS}
        FROM statistic, {_SPANS}
        WHERE measure IN ({", ".join(f"'{name}'" for name in _NAMES)})
        GROUP BY 1, 2, 3, 4""",
    "statistic_rule_sum": f"""
        {_HEAD}, rule_id, sum(value) AS hits FROM statistic, {_SPANS}
        WHERE measure = 'hits' AND rule_id IS NOT NULL GROUP BY 1, 2, 3, 4""",
}
"""What each table would hold, from the days."""

_KEYS = {
    "statistic_sum": ["span", "since", "mof_div_code", "stage"],
    "statistic_rule_sum": ["span", "since", "mof_div_code", "rule_id"],
}
_VALUES = {"statistic_sum": _NAMES, "statistic_rule_sum": ["hits"]}

_HITS = """
SELECT {of} AS of, sum(hits) AS count FROM statistic_rule_sum
WHERE span = :span AND since = ANY(:since) AND {where}
GROUP BY 1 HAVING sum(hits) <> 0 ORDER BY 2 DESC, 1 LIMIT :most
"""


def add(
    session: Session,
    scope: VisibleJurisdictions,
    code: str,
    *,
    day: dt.date,
    change: Change,
) -> None:
    """Add what changed of a day to its month and its year."""
    scope.require(code)
    places = [
        {"mof_div_code": code, "span": span, "since": span.first_day(day)}
        for span in Span
    ]
    stages = [
        {**place, "stage": stage or NO_STAGE}
        | {measure.value: more.get(measure, 0) for measure in FOLDED}
        for place in places
        for stage, more in change.stages.items()
    ]
    hits = [
        {**place, "rule_id": rule, "hits": more}
        for place in places
        for rule, more in change.hits.items()
    ]
    _put(session, StatisticSum, stages, sums=_NAMES)
    _put(session, StatisticRuleSum, hits, sums=["hits"])


def latest(
    session: Session, scope: VisibleJurisdictions, until: dt.date
) -> dt.date | None:
    """Return the first day of the last year that something was reported for."""
    inside, values = within(scope, "mof_div_code")
    where = " AND ".join(["span = 'year'", "since <= :until", f"({_ANY})", *inside])
    query = f"SELECT since FROM statistic_sum WHERE {where} ORDER BY 1 DESC LIMIT 1"
    row = session.execute(text(query), {"until": until, **values}).one_or_none()
    return None if row is None else row.since


def sums(
    session: Session,
    scope: VisibleJurisdictions,
    months: Sequence[dt.date],
    codes: Collection[str],
    *,
    measures: Sequence[Measure],
) -> list[MonthSum]:
    """Return what some jurisdictions come to together, by month and stage."""
    known = [one for one in FOLDED if one in measures]
    columns = ", ".join(f"sum({one}) AS {one}" for one in known)
    query = f"""
        SELECT since, stage, {columns} FROM statistic_sum
        WHERE span = 'month' AND since = ANY(:months) AND mof_div_code = ANY(:codes)
        GROUP BY 1, 2"""
    shown = [code for code in codes if scope.allows(code)]
    values = {"months": list(months), "codes": shown}
    rows = session.execute(text(query), values).mappings()
    return [_sum(row, known) for row in rows]


def hits_by_rule(
    session: Session,
    scope: VisibleJurisdictions,
    year: dt.date,
    codes: Collection[str],
    *,
    most: int,
) -> list[Hits]:
    """Return the rules that hit most in a year in some jurisdictions, most first."""
    shown = [code for code in codes if scope.allows(code)]
    found = session.execute(
        text(_HITS.format(of="rule_id", where="mof_div_code = ANY(:codes)")),
        {"span": Span.YEAR, "since": [year], "codes": shown, "most": most},
    )
    return [Hits(of=row["of"], count=int(row["count"])) for row in found.mappings()]


def hits_by_place(
    session: Session,
    scope: VisibleJurisdictions,
    months: Sequence[dt.date],
    rule_id: str,
    *,
    most: int,
) -> list[Hits]:
    """Return the jurisdictions where a rule hit most, most first."""
    inside, values = within(scope, "mof_div_code")
    where = " AND ".join(["rule_id = :rule", *inside])
    asked = {"span": Span.MONTH, "since": list(months), "rule": rule_id, "most": most}
    statement = text(_HITS.format(of="mof_div_code", where=where))
    found = session.execute(statement, asked | values)
    return [Hits(of=row["of"], count=int(row["count"])) for row in found.mappings()]


def check(session: Session) -> dict[str, Checked]:
    """Compare each table of sums with the days, in one look."""
    return {table: _checked(session, table) for table in _PLAIN}


def rebuild(session: Session) -> None:
    """Write the sums anew from the days; figures wait until that has committed."""
    session.execute(text("LOCK TABLE statistic IN SHARE MODE"))
    for table, plain in _PLAIN.items():
        session.execute(text(f"DELETE FROM {table}"))
        columns = ", ".join(_KEYS[table] + _VALUES[table])
        session.execute(text(f"INSERT INTO {table} ({columns}) {plain}"))


def _checked(session: Session, table: str) -> Checked:
    keys, values = _KEYS[table], _VALUES[table]
    something = " OR ".join(f"{name} <> 0" for name in values)
    one, other = (", ".join(f"{side}.{name}" for name in values) for side in "pk")
    query = f"""
        SELECT count(*) AS sums,
          count(*) FILTER (WHERE ROW({one}) IS DISTINCT FROM ROW({other})) AS differing
        FROM (SELECT * FROM ({_PLAIN[table]}) p WHERE {something}) p
        FULL JOIN (SELECT * FROM {table} WHERE {something}) k
        USING ({", ".join(keys)})"""
    row = session.execute(text(query)).one()
    return Checked(sums=row.sums, differing=row.differing)


def _put(
    session: Session,
    table: type[StatisticSum | StatisticRuleSum],
    rows: Sequence[Mapping[str, object]],
    *,
    sums: Sequence[str],
) -> None:
    if not rows:
        return
    keys = [column.name for column in table.__table__.primary_key]
    # Two transactions that meet here take the rows in one order.
    ordered = sorted(rows, key=lambda row: [str(row[key]) for key in keys])
    new = insert(table).values(ordered)
    more = {name: getattr(table, name) + new.excluded[name] for name in sums}
    session.execute(new.on_conflict_do_update(index_elements=keys, set_=more))


def _sum(row: RowMapping, measures: Sequence[Measure]) -> MonthSum:
    return MonthSum(
        month=row["since"],
        stage=None if row["stage"] == NO_STAGE else Stage(row["stage"]),
        figures={measure: int(row[measure.value]) for measure in measures},
    )
