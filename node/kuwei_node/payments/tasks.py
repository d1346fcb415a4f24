"""What an operator does about running totals at a terminal: compare, put right."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol

import click

from kuwei_node.payments.service import Compared, Ledger
from kuwei_shared.audit.recorder import Recorder
from kuwei_shared.audit.terminal import record
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.rules.vocabulary import Bucket, Fact, Measure

_BUCKETS = {Bucket.MONTH: "按月", Bucket.YEAR: "按预算年度", Bucket.ALL: "不分期"}
_KEYS_APART = "\x1f"


class Parts(Protocol):
    """What of a node these verbs need."""

    @property
    def unit_of_work(self) -> UnitOfWork:
        """Opens transactions."""

    @property
    def ledger(self) -> Ledger:
        """The payment ledger, with the totals beside it."""

    @property
    def audit(self) -> Recorder:
        """Records what was done."""


def group(build: Callable[[], Parts]) -> click.Group:
    """Return the verbs ``totals check`` and ``totals rebuild``."""

    @click.group("totals")
    def totals() -> None:
        """累计数 Running totals, kept beside the payment ledger."""

    @totals.command("check")
    def check() -> None:
        """与支付明细核对 Compare every total with the ledger; fails if one differs."""
        built, wrong = build(), 0
        with built.unit_of_work.begin() as session:
            for one in built.ledger.running.check(session):
                click.echo(comparison(one))
                wrong += one.differing
        click.echo(f"不符 {wrong:,} 行" if wrong else "累计数与支付明细相符")
        sys.exit(1 if wrong else 0)

    @totals.command("rebuild")
    @click.option("--kind", type=int, help="累计数编号;缺省为全部。")
    def rebuild(kind: int | None) -> None:
        """按支付明细重算 Put totals right by the ledger, while payments go on."""
        built = build()
        with built.unit_of_work.begin() as session:
            chosen = built.ledger.running.kept(session, kind)
            record(built.audit, session, "重算累计数", f"{kind or '全部'}")
        for total, number in chosen.items():
            changed = built.ledger.running.rebuild(total, number)
            click.echo(f"累计数 {number}:改正 {changed:,} 行")

    return totals


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
