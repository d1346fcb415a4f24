"""Bring the Keycloak that tests import the realm file into: ``make keycloak``.

Maven fetches the distribution, a digest admits it, and Keycloak's own ``build``
prepares it, so that tests start it in seconds. Tests skip without it, so a machine
that cannot bring it is told why and nothing else fails. Standard library alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERSION = "26.4.7"  # docker-compose.yml runs the same
SHA256 = "aca60ab72ae4d67adc6b8fe7fca5e08d16a6bb5e4a4f2ebb54050e3f5503fd2b"
HOME = ROOT / ".cache" / f"keycloak-{VERSION}"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:tar.gz"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
BUILD = ("--db=dev-file", "--health-enabled=true")
FETCH_S = 180
BUILD_S = 180


class MissingError(Exception):
    """Why there is no Keycloak here."""


def main() -> None:
    """Bring it unless it is there; say where it is or why it is not."""
    if not HOME.exists():
        try:
            bring()
        except (MissingError, OSError, subprocess.SubprocessError) as fault:
            sys.exit(f"without Keycloak {VERSION} (tests of a real provider): {fault}")
    print(f"Keycloak {VERSION}: {HOME.relative_to(ROOT)}/")


def bring() -> None:
    """Fetch, verify, unpack and build; the folder appears when all of it is done.

    Raises:
        MissingError: naming what the machine lacks or what went wrong.
    """
    for program in ("java", "mvn", "tar"):
        if shutil.which(program) is None:
            raise MissingError(f"{program} is missing")
    HOME.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME.parent) as folder:
        archive = _fetched(Path(folder))
        _run("tar", "-xzf", str(archive), "-C", folder, limit_s=FETCH_S)
        home = Path(folder) / HOME.name
        _run(str(home / "bin" / "kc.sh"), "build", *BUILD, limit_s=BUILD_S)
        home.rename(HOME)


def _fetched(folder: Path) -> Path:
    """Return the archive, fetched by Maven and equal to the pinned digest."""
    asked = (f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={folder}")
    _run("mvn", "-q", "-B", "-ntp", COPY, *asked, limit_s=FETCH_S)
    archive = next(folder.glob("*.tar.gz"))
    found = sha256(archive.read_bytes()).hexdigest()
    if found != SHA256:
        raise MissingError(f"{archive.name} is not the pinned one: sha256 {found}")
    return archive


def _run(*command: str, limit_s: float) -> None:
    """Run a command quietly; its last words explain a failure."""
    done = subprocess.run(
        command,
        check=False,
        timeout=limit_s,
        cwd=ROOT,
        env=os.environ | {"JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        last = done.stdout.strip().splitlines()[-1:] or ["no output"]
        raise MissingError(f"{Path(command[0]).name} failed: {last[0][:200]}")


if __name__ == "__main__":
    main()
