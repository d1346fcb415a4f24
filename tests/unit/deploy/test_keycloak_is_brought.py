"""``make keycloak``: the pinned archive or none; the composition runs the same one."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import script_lab
import yaml

ROOT = Path(__file__).resolve().parents[3]
REALM = ROOT / "deploy/keycloak/realm.json"
PLACEHOLDER = re.compile(r"\$\{(KUWEI_[A-Z_]+)\}")
# Stands for Maven: leaves another archive where the pinned one was asked for.
MVN = """#!/bin/sh
for word in "$@"; do case "$word" in
  -DoutputDirectory=*) echo other > "${word#*=}/keycloak.tar.gz" ;;
esac; done
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program with a folder of its own, on a machine with nothing on it."""
    found = script_lab.load("deploy/build/keycloak.py")
    monkeypatch.setattr(found, "ROOT", tmp_path)
    monkeypatch.setattr(found, "HOME", tmp_path / ".cache" / found.HOME.name)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return found


def put(folder: Path, name: str, text: str = "#!/bin/sh\n") -> None:
    program = folder / "bin" / name
    program.write_text(text)
    program.chmod(0o755)


def composed() -> dict[str, Any]:  # Any: a YAML document
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return dict(document["services"]["keycloak"])


def test_what_the_machine_lacks_is_said_by_name(
    script: ModuleType, tmp_path: Path
) -> None:
    put(tmp_path, "java")

    with pytest.raises(SystemExit, match="mvn is missing"):
        script.main()


def test_an_archive_that_is_not_the_pinned_one_is_not_unpacked(
    script: ModuleType, tmp_path: Path
) -> None:
    for name in ("java", "tar"):
        put(tmp_path, name)
    put(tmp_path, "mvn", MVN)

    with pytest.raises(SystemExit, match="is not the pinned one: sha256"):
        script.main()

    assert list((tmp_path / ".cache").iterdir()) == []


def test_a_failure_is_told_in_the_programs_last_words(
    script: ModuleType, tmp_path: Path
) -> None:
    for name in ("java", "tar"):
        put(tmp_path, name)
    put(tmp_path, "mvn", "#!/bin/sh\necho no such artifact\nexit 1\n")

    with pytest.raises(SystemExit, match="mvn failed: no such artifact"):
        script.main()


def test_what_is_there_is_not_brought_again(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    script.HOME.mkdir(parents=True)

    script.main()

    assert script.VERSION in capsys.readouterr().out


def test_the_composition_runs_the_version_that_is_tested() -> None:
    version = script_lab.load("deploy/build/keycloak.py").VERSION

    assert composed()["image"] == f"keycloak/keycloak:{version}"


def test_the_composition_tells_keycloak_all_the_realm_file_asks_for() -> None:
    asked = set(PLACEHOLDER.findall(REALM.read_text()))

    assert asked
    assert asked <= set(composed()["environment"])


def test_nobody_can_start_the_composition_without_what_the_realm_file_asks_for() -> (
    None
):
    told = composed()["environment"]

    # Compose refuses ${NAME:?} while it is not set; Keycloak would take the word.
    for name in PLACEHOLDER.findall(REALM.read_text()):
        assert re.fullmatch(r"\$\{[A-Z_]+:\?\}", told[name])


def test_the_composition_imports_the_realm_and_not_the_demo() -> None:
    mounts = [volume.split(":")[0] for volume in composed()["volumes"]]

    assert mounts == ["./deploy/keycloak/realm.json"]
