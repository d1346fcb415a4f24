"""``make pins`` asks uv for hashed lists that name no index, and the lists are such."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import script_lab

# Stands for uv: notes what it is told, fails at the list it is told to.
UV = """#!/bin/sh
echo "$@" >> "{folder}/told"
case " $* " in *" {fails}.in "*) exit 3 ;; esac
"""
PROGRAM = script_lab.load("deploy/build/pins.py")


@pytest.fixture
def pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program, before an empty folder of lists and a PATH without uv."""
    program = script_lab.load("deploy/build/pins.py")
    monkeypatch.setattr(program, "REQUIREMENTS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["pins.py"])
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    return program


def install(folder: Path, fails: str = "none") -> None:
    (folder / "uv").write_text(UV.format(folder=folder, fails=fails))
    (folder / "uv").chmod(0o755)


def told(folder: Path) -> list[str]:
    return (folder / "told").read_text().splitlines()


def test_without_uv_it_says_what_to_install(pins: ModuleType) -> None:
    with pytest.raises(SystemExit, match="pip install uv"):
        pins.main()


def test_every_list_is_resolved_with_hashes_and_without_an_index(
    pins: ModuleType, tmp_path: Path
) -> None:
    install(tmp_path)

    pins.main()

    lines = told(tmp_path)
    assert [line.split()[-3] for line in lines] == [f"{n}.in" for n in pins.NAMES]
    for line in lines:
        assert line.startswith("pip compile ")
        assert {"--generate-hashes", "--no-emit-index-url"} <= set(line.split())


def test_what_is_asked_for_besides_goes_to_uv(pins: ModuleType, tmp_path: Path) -> None:
    install(tmp_path)
    sys.argv[1:] = ["--upgrade-package", "redis"]

    pins.main()

    assert all("--upgrade-package redis" in line for line in told(tmp_path))


def test_a_list_that_cannot_be_resolved_ends_it(
    pins: ModuleType, tmp_path: Path
) -> None:
    install(tmp_path, fails="main")

    with pytest.raises(subprocess.CalledProcessError):
        pins.main()

    assert len(told(tmp_path)) == 2


@pytest.mark.parametrize("name", PROGRAM.NAMES)
def test_a_list_of_the_repository_is_what_pins_writes(name: str) -> None:
    folder = PROGRAM.REQUIREMENTS
    wanted = (folder / f"{name}.in").read_text().splitlines()
    text = (folder / f"{name}.txt").read_text()

    pinned = re.findall(r"^([a-z0-9.-]+)(?:\[.*\])?==.+ \\$", text, re.MULTILINE)
    names = {
        re.split(r"[\[<>=~; ]", one)[0].lower() for one in wanted if one[:1] >= "a"
    }
    assert f"uv pip compile {' '.join(PROGRAM.OPTIONS[:-1])} {name}.in" in text
    assert names <= set(pinned)
    assert text.count("==") <= text.count("--hash=sha256:")
    assert "://" not in text


def test_every_list_of_the_repository_is_resolved_by_it() -> None:
    lists = {path.stem for path in PROGRAM.REQUIREMENTS.glob("*.in")}

    assert lists == set(PROGRAM.NAMES)
