"""Facts: one declaration, several physical plans, one meaning.

A fact sums, counts or takes the maximum of the payments of the same stage and keys
that arrived earlier, fall in the window and are not reversed yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from kuwei_shared.rules.grouping import closed, grouped, sweep
from kuwei_shared.rules.measuring import FactSql
from kuwei_shared.rules.probing import probes
from kuwei_shared.rules.running import Total, arrivals
from kuwei_shared.rules.vocabulary import Fact, Vocabulary


class Plan(StrEnum):
    """Physical plans of facts.

    - ARRIVAL reads long windows from running totals: for payments just appended.
    - CROWD does so too, and reads payments of one key together where they are many.
    - LONE does so for a single payment just appended.
    - PROBE looks each row's predecessors up in an index: for a few stored payments.
    - SWEEP runs window functions over a set and adds the grouped history: for whole
      years. The set must be numbered in order of business date.
    - CLOSED sees the whole window, later arrivals included, as of a sequence number:
      for scheduled rules, when the day or month is over.
    - GIVEN reads ready-made columns: for a rule's own examples.
    """

    ARRIVAL = "arrival"
    CROWD = "crowd"
    LONE = "lone"
    PROBE = "probe"
    SWEEP = "sweep"
    CLOSED = "closed"
    GIVEN = "given"


def plan_facts(
    facts: Sequence[Fact],
    plan: Plan,
    vocabulary: Vocabulary,
    totals: Mapping[Total, int],
) -> FactSql:
    """Return the SQL of the given facts under a plan.

    Row ``p`` is the row under evaluation, CTE ``incoming`` all of them, table
    ``payment`` the history, the incoming payments included. ``totals`` are the
    running totals kept, with their numbers, for ARRIVAL, CROWD and LONE.
    """
    match plan:
        case Plan.GIVEN:
            values = {fact.name: f'p."fact.{fact.name}"' for fact in facts}
            return FactSql(ctes=(), joins=(), values=values)
        case Plan.ARRIVAL:
            return arrivals(facts, vocabulary, totals)
        case Plan.CROWD:
            return arrivals(facts, vocabulary, totals, crowded=True)
        case Plan.LONE:
            return arrivals(facts, vocabulary, totals, alone=True)
        case Plan.PROBE:
            return probes(facts, vocabulary)
        case Plan.SWEEP:
            return grouped(facts, vocabulary, sweep)
        case Plan.CLOSED:
            return grouped(facts, vocabulary, closed)
