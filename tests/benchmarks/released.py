"""A release reaching 300 simulated nodes; see rollout.py, which runs by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

GOAL_S, GOAL_MIB = 60.0, 512.0


def run(nodes: int) -> list[dict[str, Any]]:
    """Run the rollout in its own process and return its figures. Any: JSON."""
    script = Path(__file__).with_name("rollout.py")
    done = subprocess.run(
        [sys.executable, script, "--nodes", str(nodes)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    seconds, memory = found["all_active_s"], found["hub_rss_peak_mib"]
    return [
        {"name": "nodes", "value": nodes, "unit": "nodes"},
        {"name": "half of them active", "value": found["median_active_s"], "unit": "s"},
        {
            "name": "all of them active",
            "value": seconds,
            "unit": "s",
            "goal": f"≤ {GOAL_S:g}",
            "met": seconds <= GOAL_S,
        },
        {
            "name": "hub process, peak memory",
            "value": memory,
            "unit": "MiB",
            "goal": f"≤ {GOAL_MIB:g}",
            "met": memory <= GOAL_MIB,
        },
    ]
