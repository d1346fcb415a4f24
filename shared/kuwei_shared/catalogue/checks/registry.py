"""All checks, in the order a reader would ask them, and how to run them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

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


def run_checks(
    reading: Reading,
    schemas: Mapping[str, Plain],
    checks: tuple[Check, ...] = CHECKS,
) -> tuple[Issue, ...]:
    """Return every issue of a catalogue: of reading it, and of every check."""
    study = Study(reading=reading, schemas=schemas)
    found = [issue for check in checks for issue in check.issues(study)]
    return tuple(sorted((*reading.issues, *found)))


def read_schemas(root: Path) -> dict[str, Plain]:
    """Return the published JSON Schemas beside a catalogue, by name."""
    places = sorted((root / "schema").glob("*.json"))
    return {place.stem: json.loads(place.read_bytes()) for place in places}
