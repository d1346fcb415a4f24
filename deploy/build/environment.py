"""Make the project's environment with nothing but Python: ``make setup``.

Creates .venv, installs the hashed pins of requirements/dev.txt, the project
itself (editable), the gRPC modules and the browser files. Each stage leaves a
stamp, so a second run takes a moment. Runs before anything is installed, so it
uses the standard library alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
HOOK = ROOT / "deploy" / "build" / "hatch_build.py"
OLDEST = (3, 11)
PACKAGES = ("shared", "node", "hub", "protos")

NO_PIP = """\
This Python can make no environment: it has neither `ensurepip` nor `pip`.
Debian and Ubuntu keep them apart: apt-get install python3-venv
Elsewhere name a whole Python: make setup PYTHON=/path/to/python3.12"""


def main() -> None:
    """Bring the environment up to date; arguments name further lists of pins."""
    if sys.version_info < OLDEST:
        wanted, found = ".".join(map(str, OLDEST)), sys.version.split()[0]
        sys.exit(
            f"Kuwei needs Python {wanted} or newer; this is {found}. "
            "Name one: make setup PYTHON=python3.12"
        )
    started = time.monotonic()
    worked = [_environment(), _requirements("dev"), _project()]
    worked += [_requirements(name) for name in sys.argv[1:]]
    _run([str(PYTHON), str(HOOK), "protos"])
    worked += [_npm(), _assets()]
    _compile(any(worked))
    if any(worked):
        print(f"Environment ready in {time.monotonic() - started:.0f} s: {VENV.name}/")


def _environment() -> bool:
    """Create .venv unless a working one is there."""
    if PYTHON.exists():
        works = subprocess.run([PYTHON, "-c", "import sys"], check=False)
        if works.returncode == 0:
            return False
        shutil.rmtree(VENV)
    print(f"Creating {VENV.name}/ with Python {sys.version.split()[0]} …")
    if find_spec("ensurepip"):
        _run([sys.executable, "-m", "venv", str(VENV)])
    elif find_spec("pip"):
        _run([sys.executable, "-m", "venv", "--without-pip", str(VENV)])
    else:
        sys.exit(NO_PIP)
    return True


def _requirements(name: str) -> bool:
    """Install one list of hashed pins unless the stamp says it is there."""
    pins = ROOT / "requirements" / f"{name}.txt"
    stamp = VENV / f".{name}"
    if _stamped(stamp, pins):
        return False
    print(f"Installing {pins.relative_to(ROOT)} (hashes checked) …")
    _pip("--require-hashes", "--no-deps", "--prefer-binary", "-r", str(pins))
    stamp.write_text(_digest(pins))
    return True


def _project() -> bool:
    """Install the project itself, editable, with the tools already installed."""
    described = ROOT / "pyproject.toml"
    stamp = VENV / ".project"
    if _stamped(stamp, described):
        return False
    _pip("--no-deps", "--no-build-isolation", "-e", str(ROOT))
    stamp.write_text(_digest(described))
    return True


def _npm() -> bool:
    """Bring npm from its wheel where the machine has no Node.js."""
    search = os.pathsep.join([os.environ.get("PATH", ""), str(PYTHON.parent)])
    if shutil.which("npm", path=search):
        return False
    return _requirements("node")


def _assets() -> bool:
    """Bring the browser files with npm."""
    vendor = ROOT / "shared" / "kuwei_shared" / "web" / "static" / "vendor"
    before = (vendor / ".lock").exists()
    _run([str(PYTHON), str(HOOK), "assets"])
    return not before


def _compile(anew: bool) -> None:
    """Keep bytecode on disk: every process starts in half the time.

    A switched-off cache (PYTHONDONTWRITEBYTECODE, common in containers) would make
    each of the demo's twenty processes compile all its libraries again.
    """
    roots = [str(ROOT / name) for name in PACKAGES]
    if anew:
        roots += [str(path) for path in VENV.glob("lib/python*/site-packages")]
    # Some wheels carry templates that are no Python; they are never imported.
    subprocess.run(
        [PYTHON, "-m", "compileall", "-q", "-q", "-j", "0", *roots],
        check=False,
        stdout=subprocess.DEVNULL,
    )


def _pip(*arguments: str) -> None:
    """Run pip for .venv: its own, or this Python's where it has none."""
    own = subprocess.run(
        [PYTHON, "-m", "pip", "--version"], check=False, capture_output=True
    )
    pip = (
        [str(PYTHON), "-m", "pip"]
        if own.returncode == 0
        else [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    )
    plain = ["--quiet", "--disable-pip-version-check", "--no-warn-script-location"]
    # Compiled afterwards, on every core.
    _run([*pip, "install", "--no-compile", *plain, *arguments])


def _run(command: list[str]) -> None:
    """Run a command; leave with its status when it fails."""
    done = subprocess.run(command, check=False, cwd=ROOT)
    if done.returncode != 0:
        sys.exit(f"failed ({done.returncode}): {' '.join(command[:6])} …")


def _stamped(stamp: Path, source: Path) -> bool:
    """Tell whether a stage was done for this very file."""
    return stamp.exists() and stamp.read_text() == _digest(source)


def _digest(path: Path) -> str:
    """Return a digest of a file's content."""
    return sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
