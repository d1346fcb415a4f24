"""Trials, mutants and lock differences as issues with a file and a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kuwei_shared.catalogue import files as layout
from kuwei_shared.catalogue.document import find
from kuwei_shared.catalogue.issues import Issue, Place
from kuwei_shared.catalogue.loading import Reading, scalar
from kuwei_shared.catalogue.survival import Toll
from kuwei_shared.catalogue.trial import Outcome


def failed_examples(reading: Reading, outcomes: Iterable[Outcome]) -> Iterator[Issue]:
    """Yield an issue for every example that did not come out as it says."""
    for one in outcomes:
        if not one.passed:
            fault = f"({one.fault})" if one.fault else ""
            example = one.example
            yield Issue(
                place=_example_place(reading, one),
                code=f"test.{one.dialect}",
                message=f"示例“{example.case}”应为 {example.expected},"
                f"得到 {one.letter}{fault}。",
                remedy="改条件或示例。",
                rule=one.rule.id,
            )


def surviving(reading: Reading, toll: Toll) -> Iterator[Issue]:
    """Yield an issue for every mutant no example notices, near its place."""
    for mutant in toll.survivors:
        yield Issue(
            place=_in_condition(reading, toll.rule.id, mutant.near),
            code="test.mutant",
            message=f"{mutant.near} 处 {mutant.change},示例没有发觉。",
            remedy="加一个恰在边界上的示例。",
            rule=toll.rule.id,
        )


def lock_difference(reading: Reading, rule_id: str, message: str, remedy: str) -> Issue:
    """Return an issue at the version of the rule in question."""
    path = _path(reading, rule_id)
    place = find(reading.nodes[path], ("version",)) if path else None
    return Issue(
        place=place or Place(path=layout.LOCK),
        code="lock",
        message=f"{rule_id}:{message}",
        remedy=remedy,
        rule=rule_id,
    )


def _path(reading: Reading, rule_id: str) -> str | None:
    return next((path for path, rule in reading.rules if rule.id == rule_id), None)


def _example_place(reading: Reading, outcome: Outcome) -> Place:
    path = _path(reading, outcome.rule.id) or layout.CATALOGUE
    kind = outcome.example.expected
    siblings = [one for one in outcome.rule.examples if one.expected is kind]
    at = siblings.index(outcome.example)
    return find(reading.nodes[path], ("examples", kind.value, at, "case"))


def _in_condition(reading: Reading, rule_id: str, near: str) -> Place:
    path = _path(reading, rule_id) or layout.CATALOGUE
    node = reading.nodes[path]
    when = scalar(node, "when")
    if when is None:
        return node.place
    return when.at(max(str(when.value).find(near), 0))
