"""The compiled catalogue's one statement, run over payments in the ledger.

It runs behind a fence. Should it fail, rules and then payments are halved until
what fails is one rule on one payment: that outcome is ``!`` and the rule's
``on_error`` decides; every other outcome is what it would have been. Slowness is
blamed on a rule only if it is slow alone; else the caller is asked to come back.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import Any

import structlog
from sqlalchemy.orm import Session

from kuwei_node.screening.domain import Judgement, Row
from kuwei_shared.db.fence import StatementFaultError, fenced, run_fenced
from kuwei_shared.db.prepared import Prepared, PreparedBy
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.rules.compiler import ERROR, NO_TOTALS, EffectiveRule, Statement
from kuwei_shared.rules.crowding import CROWD_MIN
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.printer import Dialect
from kuwei_shared.rules.running import Total
from kuwei_shared.screening.decision import Outcome, ids_with
from kuwei_shared.screening.effective import EffectiveCatalogue

log = structlog.get_logger()

ROW = "SELECT p.*, p.seq AS as_of FROM payment p"
decode = partial(json.loads, parse_float=Decimal)
RETRY_AFTER_S = 5

Rules = Sequence[EffectiveRule]
Seqs = Sequence[int]
_Judged = dict[int, Judgement]

WALL_MS = 5_000
PART_MS = 2_000
ALONE_MS = 500
# A late batch is cut into so many parts; most often it was just long.
PARTS = 20
# Beyond these the machine is slow, not a rule.
LATE_MAX = 40
SLOW_RULES_MAX = 2
# Payments one rule fails on are told apart up to so many statements.
ATTEMPTS = 400


def plan_of(
    statement: Statement, totals: Mapping[Total, int], rows: Collection[Row]
) -> Plan:
    """Return the plan by which payments just appended are judged."""
    if len(rows) == 1:
        return Plan.LONE
    if len(rows) <= CROWD_MIN:
        return Plan.ARRIVAL
    for key in statement.keys_probed(totals):
        shared = Counter(tuple(map(row.get, ("stage", *key))) for row in rows)
        if any(n > CROWD_MIN for values, n in shared.items() if None not in values):
            return Plan.CROWD
    return Plan.ARRIVAL


def prepared(statement: Statement, totals: Mapping[Total, int], plan: Plan) -> Prepared:
    """Return the prepared judging of payments by sequence number, under a plan.

    Only payments just appended and in no total yet may be judged by totals.
    """
    chosen = "= ($1)[1]" if plan is Plan.LONE else "= ANY($1)"
    return Prepared(_sql(statement, chosen, plan, totals), ("bigint[]",))


def stored_statement(statement: Statement) -> Prepared:
    """Return the prepared judging of stored payments by sequence number."""
    return prepared(statement, NO_TOTALS, Plan.PROBE)


def judge(session: Session, prepared: Prepared, seqs: list[int]) -> list[Judgement]:
    """Judge payments already in the ledger, each by what arrived before it.

    Raises:
        StatementFaultError: a rule failed on some payment, or took too long.
    """
    return _judgements(run_fenced(session, prepared, seqs, limit_ms=WALL_MS))


class Judging:
    """Judges payments in the ledger; remembers its prepared statements."""

    def __init__(self) -> None:
        self._made = PreparedBy()

    def judge(
        self,
        session: Session,
        effective: EffectiveCatalogue,
        seqs: list[int],
        totals: Mapping[Total, int] = NO_TOTALS,
        plan: Plan = Plan.PROBE,
    ) -> list[Judgement]:
        """Judge payments: with totals if just appended, else by what came before.

        Raises:
            KuweiError: ``screening.too_slow``.
        """
        try:
            return judge(session, self.prepared(effective, totals, plan), seqs)
        except StatementFaultError as fault:
            reason = str(fault)
        judged = judge_piecemeal(session, effective.realtime, seqs)
        ids = [one.rule.id for one in effective.realtime.rules]
        failed = {
            rule
            for one in judged
            for rule in ids_with(one.outcomes, Outcome.ERROR, ids)
        }
        log.error("screening.rule_failed", rules=sorted(failed), reason=reason)
        return judged

    def prepared(
        self, effective: EffectiveCatalogue, totals: Mapping[Total, int], plan: Plan
    ) -> Prepared:
        """Return the prepared judging under a catalogue and a plan."""
        statement = effective.realtime
        read = tuple(map(totals.get, statement.totals))
        return self._made.get(
            (effective.fingerprint, plan, read),
            lambda: prepared(statement, totals, plan),
        )


def judge_piecemeal(
    session: Session, statement: Statement, seqs: list[int]
) -> list[Judgement]:
    """Judge payments some rule fails on, each outcome by itself where need be.

    Raises:
        KuweiError: ``screening.too_slow`` when no single rule is to blame.
    """
    pieces = _Pieces(session, statement)
    return list(pieces.of_payments(statement.rules, seqs).values())


@dataclass
class _Pieces:
    session: Session
    statement: Statement
    late: int = 0
    slow: set[str] = field(default_factory=set)

    def of_payments(self, rules: Rules, seqs: Seqs) -> _Judged:
        """Judge in parts: of a long batch first, so that lateness is cheap."""
        size = max(1, len(seqs) // PARTS)
        parts = [seqs[at : at + size] for at in range(0, len(seqs), size)]
        return {q: one for part in parts for q, one in self.judge(rules, part).items()}

    def judge(self, rules: Rules, seqs: Seqs) -> _Judged:
        if any(one.rule.id in self.slow for one in rules):
            return self._of_rules(rules, seqs)
        try:
            return self._attempt(rules, seqs)
        except StatementFaultError as fault:
            is_late = fault.is_late
        if is_late and self._is_too_late():
            raise too_slow()
        if is_late and len(seqs) > 1:
            return self.of_payments(rules, seqs)
        if is_late and len(rules) == 1:
            self.slow.add(rules[0].rule.id)
        return self._of_rules(rules, seqs)

    def _of_rules(self, rules: Rules, seqs: Seqs) -> _Judged:
        """Judge halves of the rules; for a rule alone, halves of the payments."""
        if len(rules) == 1:
            is_slow = rules[0].rule.id in self.slow
            return _failed(rules, seqs) if is_slow else self._alone(rules, seqs)
        half = len(rules) // 2
        one, other = self.judge(rules[:half], seqs), self.judge(rules[half:], seqs)
        return {seq: _joined(one[seq], other[seq]) for seq in seqs}

    def _alone(self, rules: Rules, seqs: Seqs) -> _Judged:
        found: _Judged = {}
        waiting, left = [seqs], ATTEMPTS
        while waiting and left > 0:
            part, left = waiting.pop(), left - 1
            try:
                found |= self._attempt(rules, part)
            except StatementFaultError:
                half = len(part) // 2
                if half == 0:
                    found |= _failed(rules, part)
                else:
                    waiting += [part[half:], part[:half]]
        for part in waiting:
            found |= _failed(rules, part)
        return {seq: found[seq] for seq in seqs}

    def _attempt(self, rules: Rules, seqs: Seqs) -> _Judged:
        few = replace(self.statement, rules=tuple(rules))
        listed = ",".join(map(str, seqs))
        once = Prepared(_sql(few, f"= ANY('{{{listed}}}'::bigint[])", Plan.PROBE), ())
        with fenced(self.session, PART_MS if len(seqs) > 1 else ALONE_MS):
            return {j.seq: j for j in _judgements(once.run_once(self.session))}

    def _is_too_late(self) -> bool:
        self.late += 1
        return self.late > LATE_MAX or len(self.slow) > SLOW_RULES_MAX


def too_slow() -> KuweiError:
    """Return the refusal when judging takes too long and no rule is to blame."""
    return KuweiError(
        "screening.too_slow",
        "审核用时过长,支付未受理,请稍后以较小批次重试。",
        kind=Kind.UNAVAILABLE,
        retry_after_s=RETRY_AFTER_S,
    )


def _sql(
    statement: Statement,
    chosen: str,
    plan: Plan,
    totals: Mapping[Total, int] = NO_TOTALS,
) -> str:
    incoming = f"{ROW} WHERE p.seq {chosen}"
    sql = statement.sql(Dialect.POSTGRES, incoming, plan, totals)
    return f"SELECT seq, weight, outcomes, operands::text FROM ({sql}) judged"


# Any: the columns are those of _sql.
def _judgements(rows: Iterable[tuple[Any, ...]]) -> list[Judgement]:
    return [
        Judgement(seq, weight, outcomes, decode(operands) if operands else None)
        for seq, weight, outcomes, operands in rows
    ]


def _joined(one: Judgement, other: Judgement) -> Judgement:
    operands = {**(one.operands or {}), **(other.operands or {})}
    return Judgement(
        seq=one.seq,
        weight=max(one.weight, other.weight),
        outcomes=one.outcomes + other.outcomes,
        operands=operands or None,
    )


def _failed(rules: Rules, seqs: Seqs) -> _Judged:
    weight = max(one.error_weight for one in rules)
    return {seq: Judgement(seq, weight, ERROR * len(rules), None) for seq in seqs}
