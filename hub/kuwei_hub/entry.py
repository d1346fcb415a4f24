"""Where every process of the hub begins."""

from __future__ import annotations

from kuwei_shared.ops.memory import leaving, loading


def main() -> None:
    """Load the verbs and run one."""
    with leaving():
        with loading():
            from kuwei_hub.cli import main as run
        run()
