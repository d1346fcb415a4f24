"""Resolve requirements/*.in anew into hashed pins: ``make pins``. Needs uv.

The pins name no index: where packages come from is the site's business.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements"
NAMES = ("build", "main", "dev", "bench", "node")
OPTIONS = (
    *("--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-emit-index-url", "--quiet"),
)


def main() -> None:
    """Rewrite every list; arguments such as ``--upgrade`` go to uv."""
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("uv is missing: pip install uv (only whoever changes pins needs it)")
    for name in NAMES:
        files = (f"{name}.in", "-o", f"{name}.txt")
        command = (uv, "pip", "compile", *OPTIONS, *sys.argv[1:], *files)
        subprocess.run(command, cwd=REQUIREMENTS, check=True)


if __name__ == "__main__":
    main()
