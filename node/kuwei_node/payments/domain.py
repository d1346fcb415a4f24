"""What the ledger holds of a payment, and what its stages have in common.

The stages of one payment lie in one place: who names another budget year, unit or
appropriation at a later stage would walk past what stopped the earlier one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kuwei_shared.kernel.errors import Kind, KuweiError

# Any: values of vocabulary payment fields, JSON-ready, checked at the edge.
Row = Mapping[str, Any]

PLACES = {
    "fiscal_year": "预算年度",
    "mof_div_code": "财政区划",
    "agency_code": "预算单位",
    "bgt_id": "预算指标",
    "pro_code": "项目",
    "contract_no": "采购合同",
}
"""Fields that say where money lies, in words."""
TIES = ("fiscal_year", "mof_div_code", "agency_code", "bgt_id")
"""Fields in which the stages of one payment agree; a stage may leave one out."""


class Held(NamedTuple):
    """A stage of a payment as the ledger holds it, and where its money lies."""

    payment_id: str
    stage: str
    fiscal_year: int
    mof_div_code: str
    agency_code: str
    bgt_id: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """A payment the ledger already holds, and whether it was the same."""

    payment_id: str
    stage: str
    seq: int
    fiscal_year: int
    is_same: bool


class Looked(NamedTuple):
    """What the ledger holds of some payments.

    Attributes:
        known: those it holds at the very stage, and whether they were the same; of
            one id in several budget years, each.
        held: all their stages.
    """

    known: list[Known]
    held: list[Held]


def unchanged(known: Sequence[Known]) -> dict[tuple[str, str], int]:
    """Return id and stage → number of payments that were sent before as they are now.

    Files may have brought another year's payment of the same id: the identical one
    is the one meant.

    Raises:
        KuweiError: ``payment.conflict``.
    """
    same = {(one.payment_id, one.stage): one.seq for one in known if one.is_same}
    for one in known:
        if (one.payment_id, one.stage) not in same:
            raise KuweiError(
                "payment.conflict",
                f"支付 {one.payment_id}({one.stage})已受理且内容不同;"
                "更正请另报 entry_kind=correction 的记录。",
                kind=Kind.CONFLICT,
                details={"payment_id": one.payment_id, "stage": one.stage},
            )
    return same


def tie(fresh: Sequence[Row], held: Sequence[Held]) -> set[str]:
    """Return the ids of payments that are known at more than one stage.

    Of stages in several years (files bring past ones) those of the same year matter.

    Args:
        fresh: payments that were sent.
        held: stages of the same payments in the ledger.

    Raises:
        KuweiError: ``payment.stages_differ``.
    """
    stages: dict[str, list[Held]] = {}
    for one in held:
        stages.setdefault(one.payment_id, []).append(one)
    staged = set(stages)
    for row in fresh:
        sent = _stage_of(row)
        others = stages.setdefault(sent.payment_id, [])
        if others:
            staged.add(sent.payment_id)
            same_year = [one for one in others if one.fiscal_year == sent.fiscal_year]
            for other in same_year or others:
                _require_tied(sent, other)
        others.append(sent)
    return staged


def _stage_of(row: Row) -> Held:
    return Held(
        payment_id=row["payment_id"],
        stage=row["stage"],
        fiscal_year=row["fiscal_year"],
        mof_div_code=row["mof_div_code"],
        agency_code=row["agency_code"],
        bgt_id=row.get("bgt_id"),
    )


def _require_tied(sent: Held, other: Held) -> None:
    pairs = ((name, getattr(sent, name), getattr(other, name)) for name in TIES)
    apart = [name for name, mine, its in pairs if mine and its and mine != its]
    if apart:
        said = "、".join(PLACES[name] for name in apart)
        raise KuweiError(
            "payment.stages_differ",
            f"支付 {sent.payment_id} 的 {sent.stage} 与已受理的 {other.stage}"
            f" {said}不同;同一笔支付的各环节须一致,请核对支付主键后重报。",
            kind=Kind.CONFLICT,
            details={"payment_id": sent.payment_id, "stage": sent.stage},
        )
