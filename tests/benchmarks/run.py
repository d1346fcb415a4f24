"""All measurements in one run on one data set: a table, and .local/bench.json.

    python tests/benchmarks/run.py [engine] [files] [http] [rollout]

Without names, all. Sizes and the sample can be given; see --help.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
for folder in ("tests/benchmarks", "tests", "deploy/local"):
    sys.path.insert(0, str(ROOT / folder))

import engine
import files
import house
import http_load
import released
from clock import best_s

NAMES = ("engine", "files", "http", "rollout")
OUT = ROOT / ".local" / "bench.json"


def main() -> None:
    """Measure what was named and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], default=[])
    parser.add_argument("--payments", type=int, default=450_000)
    parser.add_argument("--sample", type=Path, help="a folder generated earlier")
    parser.add_argument("--nodes", type=int, default=300)
    chosen = parser.parse_args()
    names = chosen.names or list(NAMES)
    results: dict[str, list[dict[str, Any]]] = {}  # Any: JSON
    results["machine"] = show("machine, before", yardstick())
    if set(names) - {"rollout"}:
        with house.house(chosen.payments, chosen.sample) as found:
            # The files come first: everything else needs payments in the ledger.
            results["files"] = show("files", files.run(found))
            if "engine" in names:
                results["engine"] = show("engine", engine.run(found))
            if "http" in names:
                results["http"] = show("http", http_load.run(found))
    if "rollout" in names:
        results["rollout"] = show("rollout", released.run(chosen.nodes))
    results["machine"] += show("machine, after", yardstick())
    OUT.parent.mkdir(exist_ok=True)
    document = {
        "measured_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg(),
        "results": results,
    }
    OUT.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def yardstick() -> list[dict[str, Any]]:
    """Time plain Python: a shared machine is not always equally fast. Any: JSON."""
    shortest = best_s(lambda: sum(n * n for n in range(1_000_000)), 5)
    name = "a million squares in Python"
    return [{"name": name, "value": round(shortest * 1000), "unit": "ms"}]


def show(part: str, figures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Print a line per figure, and hand the figures on."""
    print(f"\n{part}")
    for one in figures:
        met = {None: "", True: "met", False: "NOT MET"}[one.get("met")]
        goal = f"goal {one['goal']}" if "goal" in one else ""
        value = f"{one['value']:>12,} {one['unit']:<11}"
        print(f"  {one['name']:<44}{value} {goal:<14} {met}", flush=True)
    return figures


if __name__ == "__main__":
    main()
