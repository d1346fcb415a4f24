"""A rule's brake is looked at no later than it could run away."""

from __future__ import annotations

import pytest

from kuwei_node.brake.domain import BrakeLimits

LIMITS = BrakeLimits(window=500, share=0.5, least=50)


@pytest.mark.parametrize(
    ("stopped", "seen", "wait"),
    [
        (0, 0, 50),
        (30, 30, 20),
        (49, 49, 1),
        (240, 500, 11),
        (250, 500, 1),
        (400, 500, 1),
    ],
)
def test_it_waits_until_enough_could_have_been_stopped(
    stopped: int, seen: int, wait: int
) -> None:
    assert LIMITS.payments_until(stopped, seen) == wait


@pytest.mark.parametrize("seen", [0, 10, 60, 99, 100, 101, 400, 500])
def test_no_rule_runs_away_before_it_is_looked_at(seen: int) -> None:
    for stopped in range(seen + 1):
        for more in range(1, LIMITS.payments_until(stopped, seen)):
            now_seen = min(seen + more, LIMITS.window)
            assert not LIMITS.runs_away(stopped + more, now_seen)


def test_it_never_waits_longer_than_a_rule_put_back_would_take() -> None:
    assert LIMITS.payments_until(0, 500) == LIMITS.least
