"""Where every process of a node begins."""

from __future__ import annotations

from kuwei_shared.ops.memory import leaving, loading


def main() -> None:
    """Load the verbs and run one."""
    with leaving():
        with loading():
            from kuwei_node.cli import main as run
        run()
