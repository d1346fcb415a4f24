"""The whole province: share the payments and the faults among its nodes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from kuwei_shared.sample.injectors.catalogue import INJECTORS
from kuwei_shared.sample.node import NodeJob, NodeWriter
from kuwei_shared.sample.places import Place, choose, hosted
from kuwei_shared.sample.spec import (
    VERSION,
    NodeSummary,
    Progress,
    ProvinceSpec,
    Summary,
)

# Of the violations of a rule, one in so many is not plain; small samples have none.
_DISGUISED_EVERY = 5
_LEVEL_WEIGHT = {"province": 4.0, "city": 2.4, "county": 1.0, "township": 0.1}


def generate(
    spec: ProvinceSpec, out: Path, progress: Progress | None = None
) -> Summary:
    """Write a province into a folder: one folder per node, and manifest.json.

    Args:
        spec: size, seed, year, faults.
        out: folder to make or fill; files of the same names are replaced.
        progress: told after every slice.

    Returns:
        What was written, node by node, and labels per rule.
    """
    out.mkdir(parents=True, exist_ok=True)
    nodes: list[NodeSummary] = []
    labels: Counter[str] = Counter()
    done = 0
    for job in share(spec):
        code = job.place.code

        def told(count: int, code: str = code) -> None:
            nonlocal done
            done += count
            if progress:
                progress(done, spec.payments, code)

        summary, counts = NodeWriter(spec, job, out / code).write(told)
        nodes.append(summary)
        labels += counts
    result = Summary(nodes=tuple(nodes), labels=dict(sorted(labels.items())))
    _manifest(spec, result, out)
    return result


def share(spec: ProvinceSpec) -> list[NodeJob]:
    """Split payments by level, and every rule's faults over the nodes it knows."""
    places = choose(spec.nodes)
    weights = np.array([_weight(place) for place in places])
    edges = np.round(np.cumsum(np.r_[0.0, weights / weights.sum()]) * spec.payments)
    counts = np.diff(edges).astype(int).tolist()
    faults: list[Counter[str]] = [Counter() for _ in places]
    veiled: list[Counter[str]] = [Counter() for _ in places]
    seen: Counter[str] = Counter()
    for rule_id, node in _faults(spec, places, weights):
        faults[node][rule_id] += 1
        seen[rule_id] += 1
        veiled[node][rule_id] += seen[rule_id] % _DISGUISED_EVERY == 0
    return [
        NodeJob(place, count, dict(fault), dict(veil))
        for place, count, fault, veil in zip(
            places, counts, faults, veiled, strict=True
        )
    ]


def _weight(place: Place) -> float:
    towns = sum(_LEVEL_WEIGHT[town.level] for town in hosted(place.code))
    return _LEVEL_WEIGHT[place.level] + towns


def _faults(
    spec: ProvinceSpec,
    places: tuple[Place, ...],
    weights: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> Iterable[tuple[str, int]]:
    """Yield (rule, node): each rule equally often, larger nodes more often."""
    if not spec.violation_rate:
        return
    rng = np.random.default_rng([spec.seed, VERSION, 0])
    each = max(1, round(spec.violation_rate * spec.payments / len(INJECTORS)))
    for rule_id, injector in sorted(INJECTORS.items()):
        known = [
            i
            for i, place in enumerate(places)
            if not injector.levels or place.level in injector.levels
        ]
        if known:
            shares = weights[known] / weights[known].sum()
            yield from ((rule_id, int(n)) for n in rng.choice(known, each, p=shares))


def _manifest(spec: ProvinceSpec, result: Summary, out: Path) -> None:
    """Write what was asked and what was made; the same for the same spec."""
    content = {
        "version": VERSION,
        "spec": asdict(spec),
        "payments": result.payments,
        "rows": result.rows,
        "nodes": [asdict(node) for node in result.nodes],
        "labels": result.labels,
    }
    text = json.dumps(content, ensure_ascii=False, indent=2)
    (out / "manifest.json").write_text(text + "\n", encoding="utf-8")
