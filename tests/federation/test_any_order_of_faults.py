"""Whatever fails in whatever order: the hub ends with each day's latest figure."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import federation_lab as lab
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, text

from kuwei_node.uplink.adapters.hub import GrpcHub
from kuwei_node.uplink.domain import Submitted
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.trust.dsse import Signed

pytestmark = pytest.mark.federation

DAYS = [lab.MONDAY + dt.timedelta(days=number) for number in range(3)]
CHANGES = st.tuples(st.sampled_from(DAYS), st.integers(0, 9))
NUMBERS = itertools.count(450_400_000, 1_000)
LOST = KuweiError("rpc.unreachable", "丢失。", kind=Kind.UNAVAILABLE)


class FaultyHub(lab.Line):
    """The real hub over a line that fails as the next plan says."""

    def __init__(self, hub: GrpcHub) -> None:
        super().__init__(hub)
        self.plan: list[str] = []

    def submit(self, batch: Sequence[Signed]) -> Submitted:
        fault = self.plan.pop() if self.plan else "none"
        if fault == "drop request":
            raise LOST
        if fault == "reorder":
            batch = list(reversed(batch))
        answer = self.hub.submit(batch)
        if fault == "duplicate":
            answer = self.hub.submit(batch)
        if fault == "drop answer":
            raise LOST
        return answer


class Faults(RuleBasedStateMachine):
    province: lab.Province
    engine: Engine
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        with self.engine.begin() as connection:
            for row in lab.NODE_ROWS:
                connection.execute(text(f"TRUNCATE {row.__tablename__}"))
        self.code = str(next(NUMBERS))
        self.member = lab.Member(
            self.engine, self.folder / self.code, self.province.clock
        )
        self.member.enrol(self.province, self.code)
        self.seen: dict[dt.date, int] = {}
        self.process_starts()

    @rule(changes=st.lists(CHANGES, min_size=1, max_size=4))
    def payments_are_screened(self, changes: list[tuple[dt.date, int]]) -> None:
        for day, hits in changes:
            self.member.see(day, hits, self.code)
            self.line.record()
            self.seen[day] = hits

    @rule(
        fault=st.sampled_from(
            ["none", "drop request", "drop answer", "duplicate", "reorder"]
        ),
        changes=st.lists(CHANGES, max_size=3),
    )
    def figures_are_sent(self, fault: str, changes: list[tuple[dt.date, int]]) -> None:
        self.payments_are_screened(changes)
        self.hub.plan = [fault]
        self.once(self.line.send)

    @rule()
    def the_node_greets(self) -> None:
        self.once(self.line.greet)

    @rule()
    def the_node_restarts(self) -> None:
        self.member.hang_up()
        self.process_starts()

    @rule()
    def the_hub_restarts(self) -> None:
        self.province.restart()

    @invariant()
    def nothing_counts_twice(self) -> None:
        held = self.held()
        assert set(held) <= set(self.seen)

    def teardown(self) -> None:
        self.hub.plan = []
        self.line.record()
        lab.greet_again(self.line)
        self.line.send()
        assert self.held() == self.seen
        assert self.province.alarms() == []
        self.member.hang_up()

    def process_starts(self) -> None:
        self.member.dial(self.province)
        self.hub = FaultyHub(GrpcHub(self.member.channel, self.member.clock))
        self.line = self.member.line_over(self.hub)
        self.once(self.line.greet)

    def held(self) -> dict[object, int]:
        sums = self.province.hits()
        return {one.day: one.hits for one in sums if one.code == self.code}

    def once(self, step: Callable[[], object]) -> None:
        """Do a step as the process does: note a failure and greet again."""
        try:
            step()
        except KuweiError as error:
            if self.line.failed(error) != "unreachable":
                raise
            lab.greet_again(self.line)


def test_any_order_of_faults_loses_nothing_and_counts_once(
    province: lab.Province, engines: Callable[[], Engine], folder: Path
) -> None:
    here = {"province": province, "engine": engines(), "folder": folder}
    run_state_machine_as_test(
        type("FaultsHere", (Faults,), here),
        settings=settings(
            max_examples=15,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
