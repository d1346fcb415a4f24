"""What to generate, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kuwei_shared.kernel.errors import KuweiError

# Raised whenever the rows made from the same spec change.
VERSION = 2
PAYMENTS_MIN = 500
PAYMENTS_MAX = 20_000_000
YEAR_MIN, YEAR_MAX = 2012, 2060
SHARE_MAX = 0.5

# Told after every slice: (payments written so far, payments in all, node code).
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvinceSpec:
    """How large a province, which year, how many faults.

    Attributes:
        payments: payments in all nodes together, violations and refunds included.
            A payment reported at several stages counts once.
        seed: same seed, spec and VERSION, same rows.
        year: budget year, January to December.
        nodes: how many nodes; 6 is the demo's province, 126 the whole of Guangxi.
        violation_rate: share of payments made to break a rule; every rule with an
            injector is broken at least once unless it is 0.
        staged_share: share of payments reported as request, voucher and receipt;
            the others come as a voucher only.
        refund_share: share of payments that take an earlier one back.
    """

    payments: int = 50_000
    seed: int = 7
    year: int = 2026
    nodes: int = 6
    violation_rate: float = 0.01
    staged_share: float = 0.1
    refund_share: float = 0.006

    def __post_init__(self) -> None:
        if not PAYMENTS_MIN <= self.payments <= PAYMENTS_MAX:
            raise KuweiError(
                "sample.payments",
                f"支付笔数须在 {PAYMENTS_MIN} 至 {PAYMENTS_MAX} 之间。",
            )
        if not YEAR_MIN <= self.year <= YEAR_MAX:
            raise KuweiError("sample.year", f"年度须在 {YEAR_MIN} 至 {YEAR_MAX} 之间。")
        shares = (self.violation_rate, self.staged_share, self.refund_share)
        if not all(0 <= share <= SHARE_MAX for share in shares):
            raise KuweiError("sample.share", f"各项比例须在 0 至 {SHARE_MAX} 之间。")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSummary:
    """What one node's folder holds."""

    code: str
    name: str
    payments: int
    rows: int
    labels: int
    amount_fen: int
    agencies: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What was written: one entry per node, and labels per rule.

    Attributes:
        nodes: per node, in the order written.
        labels: rule id to number of labels, scheduled rules included.
    """

    nodes: tuple[NodeSummary, ...]
    labels: dict[str, int]

    @property
    def payments(self) -> int:
        """Payments in all nodes, each counted once whatever its stages."""
        return sum(node.payments for node in self.nodes)

    @property
    def rows(self) -> int:
        """Rows in all payment files: a payment has one to three."""
        return sum(node.rows for node in self.nodes)
