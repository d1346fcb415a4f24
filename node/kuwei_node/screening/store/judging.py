"""The compiled catalogue's one statement, run over payments in the ledger.

It runs behind a fence. Should it fail, rules and then payments are halved until
what fails is one rule on one payment: that outcome is ``!`` and the rule's
``on_error`` decides; every other outcome is what it would have been.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from kuwei_node.screening.domain import Judgement
from kuwei_shared.db.fence import StatementFaultError, fenced
from kuwei_shared.db.prepared import Prepared
from kuwei_shared.rules.compiler import ERROR, EffectiveRule, Statement
from kuwei_shared.rules.facts import Plan
from kuwei_shared.rules.printer import Dialect

ROW = "SELECT p.*, p.seq AS as_of FROM payment p"
decode = partial(json.loads, parse_float=Decimal)

WALL_MS = 5_000
PIECE_MS = 500
# Halving stops here; what is left undivided counts as failed. A piece that ran
# into its limit costs as much as many that failed at once.
ATTEMPTS = 400
LATE_COSTS = 40


def judge_statement(statement: Statement) -> Prepared:
    """Return the prepared judging of a handful of payments by sequence number."""
    return Prepared(_sql(statement, "$1"), ("bigint[]",))


def judge(session: Session, prepared: Prepared, seqs: list[int]) -> list[Judgement]:
    """Judge payments already in the ledger, each by what arrived before it.

    Raises:
        StatementFaultError: a rule failed on some payment, or took too long.
    """
    with fenced(session, WALL_MS):
        rows = prepared.run(session, seqs)
    return _judgements(rows)


def judge_piecemeal(
    session: Session, statement: Statement, seqs: list[int]
) -> list[Judgement]:
    """Judge payments some rule fails on, each outcome by itself where need be."""
    return list(_Halving(session, statement).split(statement.rules, seqs).values())


@dataclass
class _Halving:
    session: Session
    statement: Statement
    left: int = ATTEMPTS

    def split(
        self, rules: Sequence[EffectiveRule], seqs: Sequence[int]
    ) -> dict[int, Judgement]:
        """Judge halves: of the rules, and of the payments once the rule is alone."""
        if len(rules) > 1:
            half = len(rules) // 2
            one, other = (
                self._judge(rules[:half], seqs),
                self._judge(rules[half:], seqs),
            )
            return {seq: _joined(one[seq], other[seq]) for seq in seqs}
        if len(seqs) > 1:
            half = len(seqs) // 2
            return self._judge(rules, seqs[:half]) | self._judge(rules, seqs[half:])
        return _failed(rules, seqs)

    def _judge(
        self, rules: Sequence[EffectiveRule], seqs: Sequence[int]
    ) -> dict[int, Judgement]:
        if self.left <= 0:
            return _failed(rules, seqs)
        try:
            return self._attempt(rules, seqs)
        except StatementFaultError as fault:
            self.left -= LATE_COSTS if fault.is_late else 1
        return self.split(rules, seqs)

    def _attempt(
        self, rules: Sequence[EffectiveRule], seqs: Sequence[int]
    ) -> dict[int, Judgement]:
        few = replace(self.statement, rules=tuple(rules))
        listed = ",".join(map(str, seqs))
        once = Prepared(_sql(few, f"'{{{listed}}}'::bigint[]"), ())
        with fenced(self.session, PIECE_MS):
            return {j.seq: j for j in _judgements(once.run_once(self.session))}


def _sql(statement: Statement, seqs: str) -> str:
    incoming = f"{ROW} WHERE p.seq = ANY({seqs})"
    sql = statement.sql(Dialect.POSTGRES, incoming, Plan.PROBE)
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


def _failed(
    rules: Sequence[EffectiveRule], seqs: Sequence[int]
) -> dict[int, Judgement]:
    weight = max(one.error_weight for one in rules)
    return {seq: Judgement(seq, weight, ERROR * len(rules), None) for seq in seqs}
