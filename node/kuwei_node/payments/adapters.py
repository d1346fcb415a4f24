"""What comparing running totals with the ledger found, as lines for the terminal."""

from __future__ import annotations

from kuwei_node.payments.service import Compared
from kuwei_shared.rules.vocabulary import Bucket, Fact, Measure

_BUCKETS = {Bucket.MONTH: "按月", Bucket.YEAR: "按预算年度", Bucket.ALL: "不分期"}
_KEYS_APART = "\x1f"


def comparison(found: Compared) -> str:
    """Return a line on one total, and one on each difference that is shown."""
    head = (
        f"累计数 {found.number}\t{_aloud(found.total.fact)}"
        f"\t核对 {found.rows:,} 行\t不符 {found.differing:,} 行"
    )
    lines = [
        f"! {' '.join(one.key.split(_KEYS_APART))} 期 {one.bucket} {one.stage}:"
        f"累计 {one.kept},明细 {one.due}"
        for one in found.shown
    ]
    return "\n".join([head, *lines])


def _aloud(fact: Fact) -> str:
    what = "笔数" if fact.measure is Measure.COUNT else fact.of
    where = [f"{name} 为 {'、'.join(codes)}" for name, codes in fact.where.items()]
    where += ["只计正数"] if fact.positive_only else []
    only = f"({';'.join(where)})" if where else ""
    return f"{'、'.join(fact.over)} {_BUCKETS[fact.bucket]} {what}{only}"
