"""All checks, in the order a reader would ask them, and how to run them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from kuwei_shared.catalogue import files as layout
from kuwei_shared.catalogue.checks import basis as grounds
from kuwei_shared.catalogue.checks import (
    condition,
    coverage,
    examples,
    explanation,
    lists,
    params,
    policy,
    shape,
)
from kuwei_shared.catalogue.checks.study import Check, Study
from kuwei_shared.catalogue.document import Plain
from kuwei_shared.catalogue.issues import Issue
from kuwei_shared.catalogue.loading import Reading

CHECKS: tuple[Check, ...] = (
    shape.FollowsSchema(),
    shape.HasUniqueId(),
    shape.IsNamedAfterId(),
    shape.HasUniqueTitle(),
    shape.HasShortTitle(),
    shape.BaseIsComplete(),
    shape.VocabularyHolds(),
    grounds.HasSaneDates(),
    grounds.IsInForce(),
    grounds.CitesOnce(),
    policy.HasSubject(),
    policy.IsTriggered(),
    policy.ScopeFits(),
    policy.PolicyFitsSeverity(),
    policy.ScheduledNeverStops(),
    policy.StableHasEvidence(),
    policy.IsWritten(),
    policy.DedupesByKnownNames(),
    policy.DedupesWithinRun(),
    condition.Parses(),
    condition.RequiresKnownNames(),
    condition.ConsidersAbsence(),
    condition.ReachesItsNames(),
    condition.ReadsInTime(),
    condition.ComparesWithKnownCodes(),
    params.IsUsed(),
    params.IsWithinBounds(),
    params.TightensSanely(),
    explanation.FillsInKnownValues(),
    explanation.HasPairedBraces(),
    explanation.HasSoundAsides(),
    explanation.IsASentence(),
    examples.ShowsEveryOutcome(),
    examples.IsNotRepeated(),
    examples.GivesKnownCodes(),
    lists.ListIsUsed(),
    lists.ListIsClean(),
    lists.PatternIsShared(),
    coverage.CoversDemands(),
    coverage.IsWide(),
)


# They would miss what a broken file would have held.
_WHOLE: tuple[Check, ...] = (
    lists.ListIsUsed(),
    coverage.CoversDemands(),
    coverage.IsWide(),
)


def put_off(reading: Reading) -> frozenset[str]:
    """Return the checks that make no sense until every file can be read."""
    if not reading.broken:
        return frozenset()
    ids = {one.id for one in _WHOLE}
    if reading.broken & {layout.BASE, layout.VOCABULARY}:
        ids.add(shape.BaseIsComplete.id)
    if layout.VOCABULARY in reading.broken:
        ids.add(shape.VocabularyHolds.id)
    return frozenset(ids)


def run_checks(
    reading: Reading,
    schemas: Mapping[str, Plain],
    checks: tuple[Check, ...] = CHECKS,
) -> tuple[Issue, ...]:
    """Return every issue of a catalogue: of reading it, and of every check."""
    study = Study(reading=reading, schemas=schemas)
    later = put_off(reading)
    asked = [check for check in checks if check.id not in later]
    found = [issue for check in asked for issue in check.issues(study)]
    found = [one for one in found if not _is_told(one, reading)]
    return tuple(sorted((*reading.issues, *found)))


def _is_told(issue: Issue, reading: Reading) -> bool:
    """Say whether reading told already what the schema says of the same key."""
    return issue.code == shape.FollowsSchema.id and any(
        (one.place.path, one.place.line) == (issue.place.path, issue.place.line)
        and one.message.partition(" ")[0] in issue.message
        for one in reading.issues
    )


def read_schemas(root: Path) -> dict[str, Plain]:
    """Return the published JSON Schemas beside a catalogue, by name."""
    places = sorted((root / "schema").glob("*.json"))
    return {place.stem: json.loads(place.read_bytes()) for place in places}
