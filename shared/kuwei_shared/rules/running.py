"""ARRIVAL: long windows are read from running totals instead of added up anew.

A node keeps one sum per key and period for every such fact (an appropriation's use,
a project's payments). A payment just appended finds there what came before its
batch; windows over the batch add what came before it within. Short windows are
looked up as under PROBE. Only rows not entered in the totals yet may be judged so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kuwei_shared.rules.measuring import (
    FactSql,
    counted,
    measure,
    unless_keyless,
    with_current,
)
from kuwei_shared.rules.probing import probes
from kuwei_shared.rules.vocabulary import Bucket, Fact, Measure, Vocabulary

TABLE = "running_total"
LONG = frozenset({Bucket.MONTH, Bucket.YEAR, Bucket.ALL})
# Keys many payments share; of one invoice or card there are never many.
SHARED_KEYS = frozenset(
    {
        ("bgt_id",),
        ("pro_code",),
        ("contract_no",),
        ("agency_code", "dep_bgt_eco_code"),
        ("agency_code",),
    }
)
_BUCKET = {
    Bucket.ALL: "0",
    Bucket.YEAR: "{0}.fiscal_year",
    Bucket.MONTH: "CAST(EXTRACT(year FROM {0}.vou_date) * 100"
    " + EXTRACT(month FROM {0}.vou_date) AS integer)",
}
_APART = "chr(31)"


@dataclass(frozen=True, slots=True)
class Total:
    """What a running total sums; facts that differ in name alone share one.

    Attributes:
        text: canonical form, under which a node registers it.
        fact: the fact it is taken from; its name and label play no part.
    """

    text: str
    fact: Fact = field(compare=False)


def total_of(fact: Fact) -> Total | None:
    """Return the running total a fact can be read from, if its window is long."""
    if (
        fact.bucket not in LONG
        or fact.over not in SHARED_KEYS
        or fact.measure is Measure.MAX
    ):
        return None
    said = {
        "measure": fact.measure.value,
        "of": fact.of,
        "over": fact.over,
        "bucket": fact.bucket.value,
        "where": {field: sorted(codes) for field, codes in fact.where.items()},
        "positive_only": fact.positive_only,
    }
    return Total(json.dumps(said, sort_keys=True), fact)


def total_said(text: str) -> Total:
    """Return a total from its canonical form."""
    said = json.loads(text)
    fact = Fact(
        name="total",
        label="",
        measure=Measure(said["measure"]),
        of=said["of"],
        over=tuple(said["over"]),
        bucket=Bucket(said["bucket"]),
        include_current=False,
        where={field: tuple(codes) for field, codes in said["where"].items()},
        positive_only=said["positive_only"],
    )
    return Total(text, fact)


def totals_of(facts: Sequence[Fact]) -> tuple[Total, ...]:
    """Return the totals some facts can be read from, each once."""
    found = {total: None for total in map(total_of, facts) if total is not None}
    return tuple(found)


def columns_read(totals: Sequence[Total]) -> tuple[str, ...]:
    """Return the payment columns that decide what payments add to totals."""
    read = {"seq", "stage", "fiscal_year", "vou_date", "live", "reversed_by", "tally"}
    for total in totals:
        read |= {*total.fact.over, *total.fact.where, total.fact.of or "tally"}
        read |= {"pay_amt"} if total.fact.positive_only else set()
    return tuple(sorted(read))


def contributions(totals: Mapping[Total, int], rows: str) -> str:
    """Return a SELECT of what rows add to totals.

    Args:
        totals: totals with the numbers they are registered under.
        rows: a FROM item with the columns ``columns_read`` names.

    Returns:
        SQL yielding ``total_id, stage, key, bucket, amount``, each key once.
    """
    return " UNION ALL ".join(
        f"SELECT {number:d} AS total_id, h.stage, {_key(total, 'h')} AS key,"
        f" {_bucket(total, 'h')} AS bucket, {measure(total.fact, 'h')} AS amount"
        f" FROM {rows} h WHERE {counted(total.fact, 'h')}"
        f" AND h.reversed_by IS NULL AND {_key(total, 'h')} IS NOT NULL"
        " GROUP BY 2, 3, 4"
        for total, number in totals.items()
    )


def arrivals(
    facts: Sequence[Fact],
    vocabulary: Vocabulary,
    totals: Mapping[Total, int],
    *,
    alone: bool = False,
    crowded: bool = False,
) -> FactSql:
    """Return the SQL of facts about payments just appended.

    Args:
        facts: the facts wanted.
        vocabulary: says which keys may be missing.
        totals: the totals kept, with their numbers; other facts are probed.
        alone: there is one payment, and no batch to look through.
        crowded: as for ``probes``.
    """
    wanted = {fact.name: total_of(fact) for fact in facts}
    kept = {name: one for name, one in wanted.items() if one and one in totals}
    short = [fact for fact in facts if fact.name not in kept]
    probed = probes(short, vocabulary, crowded=crowded)
    values = dict(probed.values)
    joins = list(probed.joins)
    within: dict[str, str] = {}
    for total in dict.fromkeys(kept.values()):
        number = totals[total]
        joins.append(_lookup(total, number))
        within[f"t{number}"] = _within(total)
    source = "incoming"
    if within and not alone:
        measures = ", ".join(f"{sql} AS {name}_within" for name, sql in within.items())
        source = f"(SELECT q.*, {measures} FROM incoming q)"
    for fact in facts:
        if fact.name not in kept:
            continue
        name = f"t{totals[kept[fact.name]]}"
        before = f"coalesce({name}.amount, 0)"
        earlier = before if alone else f"({before} + coalesce(p.{name}_within, 0))"
        values[fact.name] = unless_keyless(
            fact, with_current(fact, earlier), vocabulary
        )
    return FactSql(ctes=probed.ctes, joins=tuple(joins), values=values, source=source)


def _lookup(total: Total, number: int) -> str:
    """Look one row up by its whole key; LIMIT keeps the planner to the index."""
    return (
        f"LEFT JOIN LATERAL (SELECT t.amount FROM {TABLE} t"
        f" WHERE t.total_id = {number:d}"
        f" AND t.stage = p.stage AND t.key = {_key(total, 'p')}"
        f" AND t.bucket = {_bucket(total, 'p')} LIMIT 1) t{number} ON true"
    )


def _within(total: Total) -> str:
    """Sum the batch's payments that arrived before each of them."""
    keys = ["q.stage", *(f"q.{name}" for name in total.fact.over)]
    if total.fact.bucket is not Bucket.ALL:
        keys.append(_bucket(total, "q"))
    standing = counted(total.fact, "q", ["q.reversed_by IS NULL"])
    return (
        f"{measure(total.fact, 'q')} FILTER (WHERE {standing})"
        f" OVER (PARTITION BY {', '.join(keys)} ORDER BY q.seq"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    )


def _key(total: Total, row: str) -> str:
    """Return the keys as one text; NULL when one of them is missing."""
    return f" || {_APART} || ".join(f"{row}.{name}" for name in total.fact.over)


def _bucket(total: Total, row: str) -> str:
    return _BUCKET[total.fact.bucket].format(row)
