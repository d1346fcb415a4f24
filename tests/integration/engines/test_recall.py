"""A generated year through a node: what is labelled is found, and little else is."""

from __future__ import annotations

import calendar
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from engines_lab import FilledNode, in_force
from screening_lab import standard
from sqlalchemy import Engine

from kuwei_shared.evaluation.score import evaluate
from kuwei_shared.rules.model import Rule, Severity, Status
from kuwei_shared.rules.vocabulary import PAYMENT
from kuwei_shared.sample.deceived import DECEIVED
from kuwei_shared.sample.injectors.catalogue import UNPLANTED
from kuwei_shared.sample.labels import Origin
from kuwei_shared.screening.effective import EffectiveCatalogue

pytestmark = pytest.mark.integration
YEAR = 2026
MONTH_ENDS = {
    dt.date(YEAR, month, calendar.monthrange(YEAR, month)[1]) for month in range(1, 13)
}
# Rule → what it is about: folder and key, and the stage for realtime rules.
Found = dict[str, set[tuple[str, ...]]]


def speaking() -> EffectiveCatalogue:
    """Return the standard catalogue with every rule telling: no hit only counted."""
    quiet = in_force(alert_only=True)
    rules = tuple(
        replace(
            one,
            rule=replace(one.rule, status=Status.STABLE, severity=Severity.YELLOW),
        )
        for one in quiet.rules
    )
    return replace(quiet, rules=rules)


@dataclass
class Tale:
    """What is labelled in a province, and what its nodes found."""

    rules: dict[str, Rule]
    labelled: Found = field(default_factory=lambda: defaultdict(set))
    disguised: Found = field(default_factory=lambda: defaultdict(set))
    found: Found = field(default_factory=lambda: defaultdict(set))

    def live(self, node: FilledNode, folder: Path, scratch: Path) -> None:
        """Let a node live through its year, then note both."""
        labels = pq.read_table(folder / "labels.parquet").to_pylist()
        due = {one["date"] for one in labels if self.rules[one["rule_id"]].schedule}
        node.load(folder)
        node.live_through(folder, due | MONTH_ENDS, scratch)
        for one in labels:
            key = (folder.name, *self.key(node, one))
            self.labelled[one["rule_id"]].add(key)
            if one["origin"] == Origin.DISGUISED:
                self.disguised[one["rule_id"]].add(key)
        for rule_id, *found in [*screened(node), *self.alerted(node)]:
            self.found[rule_id].add((folder.name, *found))

    # Any: a label's values, as the generator wrote them.
    def key(self, node: FilledNode, label: dict[str, Any]) -> tuple[str, ...]:
        """Return what a label's hit is known by at the node."""
        rule = self.rules[label["rule_id"]]
        if rule.schedule is None:
            return (label["key"], label["stage"])
        if rule.subject != PAYMENT:
            return (label["key"],)
        by = rule.dedupe.by if rule.dedupe else ("payment_id", "stage")
        ((key,),) = node.found(
            f"SELECT concat_ws('|', {', '.join(by)}) FROM payment"  # noqa: S608  # our own names
            f" WHERE payment_id = '{label['key']}' AND stage = 'voucher'"
        )
        return (key,)

    def alerted(self, node: FilledNode) -> Sequence[tuple[str, ...]]:
        """Return what scheduled rules found: rule and subject."""
        rows = node.found("SELECT rule_id, subject_key FROM alert")
        return [row for row in rows if self.rules[row[0]].schedule]

    def table(self, *, scheduled: bool) -> list[tuple[str, int, int, int, int]]:
        """Return per rule: labelled, found, missed undisguised, found in vain."""
        chosen = [
            r for r, rule in self.rules.items() if bool(rule.schedule) is scheduled
        ]
        return [
            (
                rule_id,
                len(self.labelled[rule_id]),
                len(self.found[rule_id]),
                len(
                    self.labelled[rule_id]
                    - self.disguised[rule_id]
                    - self.found[rule_id]
                ),
                len(self.found[rule_id] - self.labelled[rule_id]),
            )
            for rule_id in sorted(chosen)
        ]


def screened(node: FilledNode) -> Sequence[tuple[str, ...]]:
    """Return what realtime rules found: rule, payment, stage."""
    ids = [one.rule.id for one in node.catalogues.now.realtime.rules]
    rows = node.found(
        "SELECT s.outcomes, p.payment_id, p.stage FROM screening s"
        " JOIN payment p ON p.seq = s.payment_seq WHERE s.outcomes LIKE '%1%'"
    )
    return [
        (rule_id, payment_id, stage)
        for outcomes, payment_id, stage in rows
        for rule_id, letter in zip(ids, outcomes, strict=True)
        if letter == "1"
    ]


@pytest.fixture(scope="module")
def tale(
    province: tuple[Path, ...],
    new_engine: Callable[[], Engine],
    tmp_path_factory: pytest.TempPathFactory,
) -> Tale:
    catalogue = speaking()
    told = Tale({one.rule.id: one.rule for one in catalogue.rules})
    for folder in province:
        node = FilledNode(new_engine(), catalogue)
        told.live(node, folder, tmp_path_factory.mktemp("parts"))
        assert (
            node.found("SELECT id FROM scheduled_run WHERE finished_at IS NULL") == []
        )
    return told


@pytest.mark.parametrize("scheduled", [False, True])
def test_every_label_is_found_and_little_else(tale: Tale, *, scheduled: bool) -> None:
    table = tale.table(scheduled=scheduled)

    assert {line[0] for line in table if line[1] == 0} <= UNPLANTED
    assert [line for line in table if line[3]] == []
    assert [line for line in table if line[4] and line[0] not in DECEIVED] == []


def test_the_evaluation_says_of_payments_what_the_nodes_say(
    tale: Tale, province: tuple[Path, ...]
) -> None:
    said = evaluate(province[0].parent, standard()).scores
    realtime = {line[0]: line for line in tale.table(scheduled=False)}

    for one in said:
        if one.rule_id in realtime:
            found = one.found + one.false
            assert (one.labelled, found) == realtime[one.rule_id][1:3]
