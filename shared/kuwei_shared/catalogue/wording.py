"""Values as pages show them to people who know the treasury, not our codes."""

from kuwei_shared.rules.explain import written as said

__all__ = ["said"]
