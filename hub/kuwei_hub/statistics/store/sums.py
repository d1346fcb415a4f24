"""What the figures in force come to by month and year, kept with them (ADR 21).

Every change of a day's figures is added to its sums in the same transaction, so a
sum always equals the days it is made of; ``mending`` says where it does not.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter

from sqlalchemy import RowMapping, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kuwei_hub.statistics.domain import FOLDED, RULED, Change, Hits, MonthSum, Span
from kuwei_hub.statistics.models import NO_STAGE, StatisticRuleSum, StatisticSum
from kuwei_shared.db.paging import within
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.wire.statistics import Measure, Stage

# The parts below are put together from these names alone.
_NAMES = [measure.value for measure in FOLDED]
_RULED = [measure.value for measure in RULED]
_ANY = " OR ".join(f"{name} <> 0" for name in _NAMES)

_Key = tuple[str, dt.date, str, str]
"""Span, its first day, jurisdiction, and stage or rule: a primary key's order."""

# A rule that runs on a schedule hits no payment: its alerts are what it found.
_HITS = """
SELECT {of} AS of, greatest(sum(hits), sum(alerts)) AS count FROM statistic_rule_sum
WHERE span = :span AND since = ANY(:since) AND {where}
GROUP BY 1 HAVING greatest(sum(hits), sum(alerts)) > 0 ORDER BY 2 DESC, 1 LIMIT :most
"""


def add(
    session: Session,
    scope: VisibleJurisdictions,
    changes: Iterable[tuple[str, dt.date, Change]],
) -> None:
    """Add what a transaction changed of days to their months and years.

    Once in a transaction: rows are taken in one order, so that of two transactions
    that change the same sums one waits for the other, and neither for itself.

    Args:
        session: the open transaction.
        scope: whose sums may be changed.
        changes: of a jurisdiction on a day; several of one are added up.
    """
    stages: dict[_Key, Counter[str]] = defaultdict(Counter)
    rules: dict[_Key, Counter[str]] = defaultdict(Counter)
    for code, day, change in changes:
        scope.require(code)
        for span in Span:
            place = (span.value, span.first_day(day), code)
            for stage, more in change.stages.items():
                stages[(*place, stage or NO_STAGE)].update(
                    {measure.value: value for measure, value in more.items()}
                )
            for rule, more in change.rules.items():
                rules[(*place, rule)].update(
                    {measure.value: value for measure, value in more.items()}
                )
    _put(session, StatisticSum, stages, sums=_NAMES)
    _put(session, StatisticRuleSum, rules, sums=_RULED)


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


def _put(
    session: Session,
    table: type[StatisticSum | StatisticRuleSum],
    changed: Mapping[_Key, Counter[str]],
    *,
    sums: Sequence[str],
) -> None:
    if not changed:
        return
    keys = [column.name for column in table.__table__.primary_key]
    rows = [
        dict(zip(keys, key, strict=True)) | {name: more[name] for name in sums}
        for key, more in sorted(changed.items(), key=itemgetter(0))
    ]
    new = insert(table)
    more = {name: getattr(table, name) + new.excluded[name] for name in sums}
    session.execute(new.on_conflict_do_update(index_elements=keys, set_=more), rows)


def _sum(row: RowMapping, measures: Sequence[Measure]) -> MonthSum:
    return MonthSum(
        month=row["since"],
        stage=None if row["stage"] == NO_STAGE else Stage(row["stage"]),
        figures={measure: int(row[measure.value]) for measure in measures},
    )
