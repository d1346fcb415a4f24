"""When a rule counts as running away, and a trip as people see it.

A rule that guards a balance never does: an appropriation that is spent stops every
payment from it, honestly. Nor does what one hosted township sends disarm the county.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kuwei_shared.rules import expression as tree
from kuwei_shared.rules.compiler import (
    ERROR,
    HIT,
    UNDETERMINED,
    EffectiveRule,
    Statement,
)
from kuwei_shared.rules.vocabulary import Measure, Type, Vocabulary

OWN_SUFFIX = "000"
"""Codes of bureaus end so; those of the townships they host do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrakeLimits:
    """When a rule counts as running away.

    Attributes:
        window: how many of the latest payments are looked at.
        share: the most a rule may stop of them.
        least: stops below this number never trip.
    """

    window: int = 500
    share: float = 0.5
    least: int = 50

    def runs_away(self, stopped: int, seen: int) -> bool:
        """Tell whether this many stops among the latest payments is too many."""
        return stopped >= self.least and stopped > seen * self.share

    def payments_until(self, stopped: int, seen: int) -> int:
        """Return after how many more payments a rule may run away at the earliest.

        Were each of them stopped. Never more than ``least``: somebody may have put
        the rule back meanwhile, so that it is counted anew.
        """
        enough = max(self.least, int(seen * self.share) + 1)
        return min(max(enough - stopped, 1), self.least)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTrip:
    """A rule that is alert-only now, and what made it so."""

    rule_id: str
    release: str
    tripped_at: dt.datetime
    stopped_count: int
    window_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A rule that may stop payments: its place from 1, and the letters that stop."""

    rule_id: str
    place: int
    letters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How a rule took one division's latest payments.

    Attributes:
        judged: payments the rule applied to.
    """

    stopped: int
    seen: int
    judged: int


def stops_among(statement: Statement, outcomes: Sequence[str]) -> list[Stop]:
    """Return the rules that stopped something in these outcome strings.

    A missing value or a failure stops as surely as a hit where the rule's policy
    says so, hence counts as one. Rules that guard a balance are left out.
    """
    found: list[Stop] = []
    if not outcomes:
        return found
    vocabulary = statement.catalogue.vocabulary
    for place, one in enumerate(statement.rules):
        letters = _stopping(one)
        stopped = any(each[place] in letters for each in outcomes)
        if stopped and not guards_balance(statement.trees[one.rule.id], vocabulary):
            stop = Stop(rule_id=one.rule.id, place=place + 1, letters=letters)
            found.append(stop)
    return found


def guards_balance(condition: tree.Node, vocabulary: Vocabulary) -> bool:
    """Tell whether a condition weighs a sum of payments against an amount granted.

    Seen from the condition itself, so that no author can forget to say so.
    """
    return any(
        isinstance(node, tree.Compare | tree.Between)
        and _weighs(tree.names(node), vocabulary)
        for node in tree.walk(condition)
    )


def is_general(shares: Mapping[str, Share], limits: BrakeLimits) -> bool:
    """Tell whether a rule runs away for the bureau, not for one it hosts alone.

    Where the rule applies to the bureau's own payments, those must show it. Where it
    does not, what the hosted townships show counts without the one most stopped.

    Args:
        shares: division → how the rule took its latest payments.
        limits: when a rule counts as running away.
    """
    judged = {code: share for code, share in shares.items() if share.judged}
    own = [s for code, s in judged.items() if code.endswith(OWN_SUFFIX)]
    counted = own or sorted(judged.values(), key=lambda share: share.stopped)[:-1]
    return limits.runs_away(
        sum(share.stopped for share in counted), sum(share.seen for share in counted)
    )


def _stopping(one: EffectiveRule) -> str:
    weights = {
        HIT: one.hit_weight,
        UNDETERMINED: one.missing_weight,
        ERROR: one.error_weight,
    }
    return "".join(letter for letter, weight in weights.items() if weight)


def _weighs(names: Sequence[str], vocabulary: Vocabulary) -> bool:
    has_sum = has_grant = False
    for name in names:
        prefix, _, rest = name.partition(".")
        if prefix == "fact":
            has_sum |= vocabulary.facts[rest].measure is Measure.SUM
        elif prefix in vocabulary.entities:
            has_grant |= vocabulary.type_of(name) is Type.MONEY
    return has_sum and has_grant
