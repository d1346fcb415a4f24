"""Everything CI asks of the tree, in one run: ``make check``.

Every step runs even when an earlier one failed, so that one run names every
fault; a step whose tool this machine lacks is skipped by name. The tests come
last and close the output. ``check.py STEP…`` runs only the named steps.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv" / "bin"
BUF = ROOT / "shared" / "assets" / "node_modules" / ".bin" / "buf"
TREES = ("hub", "node", "shared", "deploy", "tests")
ENV_EXAMPLE = "deploy/compose.env.example"
JOBS = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One check: what to run, or why it cannot run here."""

    name: str
    command: tuple[str, ...]
    missing: str | None = None


def steps() -> list[Step]:
    """List the checks in the order they run."""
    compose = _compose()
    npm = shutil.which("npm", path=f"{BIN}:{os.environ['PATH']}")
    return [
        Step(name="format", command=_tool("ruff", "format", "--check", "--quiet", ".")),
        Step(name="lint", command=_tool("ruff", "check", "--quiet", ".")),
        Step(name="layers", command=_tool("lint-imports", "--no-logo")),
        Step(name="types", command=_tool("mypy", *TREES)),
        Step(
            name="protos",
            command=(str(BUF), "lint", "protos"),
            missing=None if npm else "npm is missing, so buf cannot be installed",
        ),
        Step(name="templates", command=_tool("djlint", "--lint", "--quiet", *_pages())),
        Step(name="yaml", command=_tool("yamllint", "--strict", ".")),
        Step(name="rules", command=_tool("kuwei-rules", "check")),
        Step(
            name="examples",
            command=(
                *_python("deploy/local/with_postgres.py"),
                *_tool("kuwei-rules", "test", "--postgres", "{url}"),
            ),
        ),
        Step(name="lock", command=_tool("kuwei-rules", "lock", "--check")),
        Step(name="documents", command=_python("deploy/build/documents.py", "check")),
        Step(name="dockerfile", command=_tool("hadolint", "deploy/images/Dockerfile")),
        Step(
            name="compose",
            command=(*compose, "--env-file", ENV_EXAMPLE, "config", "--quiet"),
            missing=None if compose else "docker-compose is missing (apt-get install)",
        ),
        Step(
            name="tests",
            command=_python("-m", "pytest", "-n", JOBS, "--dist", "loadfile"),
        ),
    ]


def main() -> None:
    """Run the steps named on the command line, or all; fail if any failed."""
    wanted, every = set(sys.argv[1:]), steps()
    if unknown := wanted - {step.name for step in every}:
        sys.exit(f"no such step: {', '.join(sorted(unknown))}")
    chosen = [step for step in every if not wanted or step.name in wanted]
    if any(step.name == "protos" and not step.missing for step in chosen):
        subprocess.run(_python("deploy/build/hatch_build.py", "tools"), check=False)
    quick = [step for step in chosen if step.name != "tests"]
    lines = [_run(step) for step in quick]
    print("\n".join(["", *(line for _, line in lines), ""]), flush=True)
    failed = not all(passed for passed, _ in lines)
    for step in chosen:
        if step.name == "tests":
            failed |= subprocess.run(step.command, check=False, cwd=ROOT).returncode > 0
    sys.exit(1 if failed else 0)


def _run(step: Step) -> tuple[bool, str]:
    """Run one step; return whether it passed and its line of the table."""
    if step.missing:
        return True, f"  {step.name:<11} skipped: {step.missing}"
    print(f"── {step.name}", flush=True)
    started = time.monotonic()
    done = subprocess.run(step.command, check=False, cwd=ROOT)
    took = time.monotonic() - started
    word = "passed" if done.returncode == 0 else "FAILED"
    return done.returncode == 0, f"  {step.name:<11} {word} {took:6.1f} s"


def _tool(name: str, *arguments: str) -> tuple[str, ...]:
    """Return the command of a tool installed in .venv."""
    return (str(BIN / name), *arguments)


def _python(*arguments: str) -> tuple[str, ...]:
    """Return a command of the environment's Python."""
    return (str(BIN / "python"), *arguments)


def _compose() -> tuple[str, ...]:
    """Return how to call Compose here: the standalone program or the plug-in."""
    if shutil.which("docker-compose"):
        return ("docker-compose",)
    if shutil.which("docker"):
        asked = subprocess.run(
            ("docker", "compose", "version"), check=False, capture_output=True
        )
        return ("docker", "compose") if asked.returncode == 0 else ()
    return ()


def _pages() -> list[str]:
    """List the folders that hold templates."""
    return sorted(
        {
            str(path.parent)
            for tree in TREES[:3]
            for path in ROOT.glob(f"{tree}/**/*.html")
        }
    )


if __name__ == "__main__":
    main()
