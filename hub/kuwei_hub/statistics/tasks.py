"""What an operator does about sums at a terminal: compare them, write them anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import click

from kuwei_hub.statistics.service.reading import Reading
from kuwei_shared.audit.recorder import Recorder
from kuwei_shared.audit.terminal import record
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.kernel.errors import Kind, KuweiError


class Parts(Protocol):
    """What of a hub these verbs need."""

    @property
    def unit_of_work(self) -> UnitOfWork:
        """Opens transactions."""

    @property
    def reading(self) -> Reading:
        """Answers questions about figures."""

    @property
    def audit(self) -> Recorder:
        """Records what was done."""


def group(build: Callable[[], Parts]) -> click.Group:
    """Return the verbs ``statistics check`` and ``statistics rebuild``."""

    @click.group("statistics")
    def statistics() -> None:
        """汇总数 Sums of figures, kept beside the days they are made of."""

    @statistics.command("check")
    def check() -> None:
        """核对汇总数 Compare sums with the days; status 1 where they differ."""
        built = build()
        with built.unit_of_work.begin() as session:
            found = built.reading.check(session)
        for table, one in found.items():
            click.echo(f"{table}\t核对 {one.sums} 行\t不符 {one.differing} 行")
        if any(one.differing for one in found.values()):
            raise KuweiError(
                "statistics.differ",
                "汇总数与逐日统计不符,请运行 kuwei-hub statistics rebuild。",
                kind=Kind.CONFLICT,
            )
        click.echo("汇总数与逐日统计相符")

    @statistics.command("rebuild")
    def rebuild() -> None:
        """按逐日统计重算 Write sums anew from the days, one jurisdiction at a time.

        统计照常上报:每次只锁一个区划的片刻,被挡下的上报由节点自动重发。中断后可再次运行。
        """
        built = build()
        with built.unit_of_work.begin() as session:
            codes = built.reading.places(session)
            record(built.audit, session, "重算汇总数", "统计汇总数", count=len(codes))
        for code in codes:
            with built.unit_of_work.begin() as session:
                built.reading.rebuild(session, [code])
        click.echo(f"汇总数已按逐日统计重算,共 {len(codes)} 个区划")

    return statistics
