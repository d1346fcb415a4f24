"""Timing that a busy machine spoils least: the best of several runs."""

from __future__ import annotations

import time
from collections.abc import Callable


def best_s(run: Callable[[], object], runs: int = 3) -> float:
    """Return the shortest of several runs, in seconds."""
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return min(taken)


def best_in_turn(
    rivals: dict[str, Callable[[], object]], runs: int
) -> dict[str, float]:
    """Return each rival's shortest run in seconds, the rivals taking turns.

    Turns spread the machine's slow moments over all of them.
    """
    taken: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(runs):
        for name, run in rivals.items():
            taken[name].append(best_s(run, 1))
    return {name: min(times) for name, times in taken.items()}
