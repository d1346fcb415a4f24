"""What screening needs to be told, and what it keeps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from sqlalchemy.orm import Session

from kuwei_node.payments.domain import PLACES
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.screening.answer import (
    STOPPED_EARLIER,
    Answer,
    failed_of,
    hits_of,
    undetermined_of,
)
from kuwei_shared.screening.decision import Decision, decision_of
from kuwei_shared.screening.effective import EffectiveCatalogue

PAYMENTS_MAX = 1_000
"""Payments in one request; more is refused before anything is touched."""

STAGES = ("request", "voucher", "receipt")
"""Stages of a payment in the order they happen."""

# A row holds vocabulary payment fields; values are JSON-ready. Any: their types
# are the vocabulary's, checked at the edge.
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the catalogue says of one payment.

    Attributes:
        weight: strongest decision weight of its outcomes.
        outcomes: one letter per rule, in the compiled order.
        operands: vocabulary name → value for payments with a hit, else None.
    """

    seq: int
    weight: int
    outcomes: str
    operands: dict[str, Any] | None  # Any: values typed by the vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A screening as it was recorded."""

    seq: int
    vou_date: dt.date
    payment_id: str
    stage: str
    compiled_id: int
    decision: Decision
    outcomes: str
    operands: Mapping[str, Any] | None  # Any: values typed by the vocabulary
    weight: int
    standing: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRecord:
    """Enough to compile again a catalogue that once screened something."""

    release: str
    tuning: Mapping[str, Mapping[str, str]]
    first_used_at: dt.datetime


_STRENGTH = (Decision.PASS, Decision.HOLD, Decision.REJECT)


def decide(row: Row, judged: Judgement, stopped: Decision | None) -> Decision:
    """Return the decision: money that has moved can no longer be stopped.

    Args:
        row: the payment.
        judged: what the catalogue says of it.
        stopped: what stopped the same payment at an earlier stage, if anything.
    """
    if row["stage"] == "receipt":
        return Decision.PASS
    alone = decision_of(judged.weight)
    return max(alone, stopped or alone, key=_STRENGTH.index)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Payments that have just been appended, by sequence number.

    Attributes:
        given: those that name an original.
        stopped: what stopped the same payment at an earlier stage, if anything.
    """

    rows: Mapping[int, Row]
    given: Sequence[int]
    stopped: Mapping[int, Decision]

    def decide(self, judged: Judgement) -> Decision:
        """Return the decision on one of them."""
        return decide(self.rows[judged.seq], judged, self.stopped.get(judged.seq))

    @property
    def paid_anyway(self) -> dict[int, Decision]:
        """The receipts of what was stopped: their money has moved all the same."""
        return {
            seq: decision
            for seq, decision in self.stopped.items()
            if self.rows[seq]["stage"] == "receipt"
        }

    def is_refused(self, judged: Judgement) -> bool:
        """Tell whether no fact counts one of them."""
        return self.decide(judged) is Decision.REJECT


class Catalogues(Protocol):
    """Gives the catalogue in force, and any that was in force once."""

    def current(self, session: Session) -> EffectiveCatalogue:
        """Return the effective catalogue now in force.

        Raises:
            KuweiError: ``catalogue.none`` when no release is active yet.
        """
        ...

    def rebuilt(
        self,
        session: Session,
        release: str,
        tuning: Mapping[str, Mapping[str, str]],
        at: dt.datetime,
    ) -> EffectiveCatalogue:
        """Return a catalogue that was in force at a moment, compiled again."""
        ...


def repeat_answer(effective: EffectiveCatalogue, kept: Kept) -> Answer:
    """Return the answer once given, and what became of a hold since."""
    return Answer(
        payment_id=kept.payment_id,
        stage=kept.stage,
        seq=kept.seq,
        decision=kept.decision,
        release=effective.release,
        standing=kept.standing,
        because=_because(kept.decision, kept.weight),
        hits=hits_of(effective, kept.outcomes, kept.operands, kept.vou_date),
        undetermined=undetermined_of(effective, kept.outcomes),
        failed=failed_of(effective, kept.outcomes),
        is_repeat=True,
    )


@dataclass(frozen=True, slots=True)
class Excess:
    """A credit that takes back what its original did not pay.

    Attributes:
        mof_div_code: the credit's division.
        is_elsewhere: the original is another division's.
        apart: fields in which it is not the original's money that comes back.
        amount: the original's, yuan.
        back: all that counts against it at the credit's stage, with its sign.
    """

    payment_id: str
    orig_payment_id: str
    mof_div_code: str
    is_elsewhere: bool
    apart: Sequence[str]
    amount: Decimal
    back: Decimal


def excess_refused(over: Excess) -> KuweiError:
    """Return the refusal of a credit; of another division's payment it says nothing."""
    credit = f"支付 {over.payment_id} 冲减的原支付 {over.orig_payment_id}"
    remedy = "请核对原支付主键和金额后重报"
    if over.is_elsewhere:
        code, fault = "other_original", f"不是区划 {over.mof_div_code} 的支付"
    elif over.apart:
        code = "other_place"
        fault = f"不在同一{'、'.join(PLACES[name] for name in over.apart)}"
        remedy = "冲减须写原支付所在的;调整到别处的,另报正数的更正"
    else:
        code = "too_much_back"
        fault = f"金额 {over.amount} 元,累计冲减 {over.back} 元,超出原支付金额"
    return KuweiError(
        f"payment.{code}",
        f"{credit} {fault};{remedy}。",
        kind=Kind.CONFLICT,
        details={
            "payment_id": over.payment_id,
            "orig_payment_id": over.orig_payment_id,
        },
    )


def _because(decision: Decision, weight: int) -> str | None:
    """Return why a decision is stronger than the rules alone made it."""
    return None if decision is decision_of(weight) else STOPPED_EARLIER.get(decision)


def first_answer(
    effective: EffectiveCatalogue,
    row: Row,
    judged: Judgement,
    decision: Decision,
) -> Answer:
    """Return the answer to a payment that has just been judged."""
    day = dt.date.fromisoformat(str(row["vou_date"]))
    return Answer(
        payment_id=str(row["payment_id"]),
        stage=str(row["stage"]),
        seq=judged.seq,
        decision=decision,
        release=effective.release,
        hits=hits_of(effective, judged.outcomes, judged.operands, day),
        undetermined=undetermined_of(effective, judged.outcomes),
        failed=failed_of(effective, judged.outcomes),
        standing="held" if decision is Decision.HOLD else None,
        because=_because(decision, judged.weight),
    )


class Decided(NamedTuple):
    """What the catalogue says of a payment that has just arrived, and the decision."""

    judged: Judgement
    decision: Decision


@dataclass(slots=True)
class Screened:
    """What became of the payments of one request, before it is put into words.

    Attributes:
        effective: the catalogue in force.
        rows: the payments as they were sent.
        repeated: answers to payments that were taken in before, by id and stage.
        judged: the others.
    """

    effective: EffectiveCatalogue
    rows: Sequence[Row]
    repeated: Mapping[tuple[str, str], Answer]
    judged: dict[tuple[str, str], Decided] = field(default_factory=dict)

    def answers(self) -> list[Answer]:
        """Return an answer for each payment, in the order they were sent."""
        return [self._answer(row) for row in self.rows]

    def _answer(self, row: Row) -> Answer:
        key = key_of(row)
        found = self.judged.get(key)
        if found is None:
            return self.repeated[key]
        return first_answer(self.effective, row, found.judged, found.decision)


def kept_row(
    judged: Judgement, fiscal_year: int, decision: Decision
) -> dict[str, Any]:  # Any: a JSON row
    """Return a judgement as it is recorded."""
    return {
        "seq": judged.seq,
        "fiscal_year": fiscal_year,
        "decision": decision.value,
        "weight": judged.weight,
        "outcomes": judged.outcomes,
        "operands": judged.operands,
    }


def key_of(row: Row) -> tuple[str, str]:
    """Return what names a payment: its id and stage."""
    return (str(row["payment_id"]), str(row["stage"]))


def distinct(rows: Sequence[Row]) -> dict[tuple[str, str], Row]:
    """Return each payment once; a repeat inside one request must be identical."""
    asked: dict[tuple[str, str], Row] = {}
    for row in rows:
        if asked.setdefault(key_of(row), row) != row:
            raise KuweiError(
                "payment.conflict",
                f"同一请求中支付 {row['payment_id']} 出现两次且内容不同,请核对。",
                kind=Kind.CONFLICT,
                details={"payment_id": str(row["payment_id"])},
            )
    return asked


def rounds(rows: Sequence[Row]) -> list[list[Row]]:
    """Return payments in the groups that can be judged together.

    A voucher must find what was decided of its request: stage by stage, then, if
    some payment comes with more than one.
    """
    ids = {row["payment_id"] for row in rows}
    if any(row.get("orig_payment_id") in ids for row in rows):
        rows = _originals_first(rows, ids)
    if len(ids) == len(rows):
        return [list(rows)] if rows else []
    by_stage = ([row for row in rows if row["stage"] == stage] for stage in STAGES)
    return [group for group in by_stage if group]


def _originals_first(rows: Sequence[Row], ids: Collection[str]) -> list[Row]:
    """Put credits given before their originals right behind them.

    A credit counts if its original does, which must be known by then.
    """
    placed, waiting = set[str](), dict[str, list[Row]]()
    ordered: list[Row] = []
    for row in rows:
        original = row.get("orig_payment_id") or ""
        if original in ids and original not in placed:
            waiting.setdefault(original, []).append(row)
            continue
        ready = [row]
        while ready:
            one = ready.pop(0)
            placed.add(one["payment_id"])
            ordered.append(one)
            ready = [*waiting.pop(one["payment_id"], []), *ready]
    return [*ordered, *(row for left in waiting.values() for row in left)]


def linked(
    rows: Mapping[int, Row], some: Collection[int], keys: Sequence[str]
) -> list[int]:
    """Return those that share a key with some, directly or through others, in order.

    Args:
        rows: payments by sequence number.
        some: sequence numbers among them; they are returned too.
        keys: fields that tie payments together.
    """
    ties = {
        seq: [(key, row[key]) for key in keys if row.get(key)]
        for seq, row in rows.items()
    }
    sharing: dict[tuple[str, object], list[int]] = {}
    for seq, tied in ties.items():
        for tie in tied:
            sharing.setdefault(tie, []).append(seq)
    found, waiting = set(some), list(some)
    while waiting:
        for tie in ties[waiting.pop()]:
            fresh = set(sharing.pop(tie, ())) - found
            found |= fresh
            waiting += fresh
    return sorted(found)
