"""``make check``: every step runs, none is taken for passed that did not pass."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
import script_lab
from architecture import tree

# Stands for every tool: notes who it is and what it is told, fails if told to.
TOOL = """#!/bin/sh
echo "$(basename "$0") $@" >> "{folder}/told"
[ ! -e "{folder}/$(basename "$0").fails" ]
"""
TOOLS = ("ruff", "mypy", "lint-imports", "djlint", "yamllint", "hadolint")
ALL = (*TOOLS, "kuwei-rules", "python", "npm", "docker-compose")


@dataclass(frozen=True)
class Desk:
    """A checkout whose tools note what they are told."""

    folder: Path
    check: ModuleType

    def run(self, *names: str) -> int:
        """Run the check; return its status."""
        sys.argv[1:] = names
        with pytest.raises(SystemExit) as left:
            self.check.main()
        return left.value.code if isinstance(left.value.code, int) else 1

    def told(self, word: str) -> list[str]:
        lines = (self.folder / "told").read_text().splitlines()
        return [line for line in lines if word in line]

    def fails(self, tool: str) -> None:
        (self.folder / f"{tool}.fails").touch()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    check = script_lab.load("deploy/build/check.py")
    (tmp_path / "bin").mkdir()
    for name in (*ALL, "buf"):
        path = tmp_path / "bin" / name
        path.write_text(TOOL.format(folder=tmp_path))
        path.chmod(0o755)
    (tmp_path / "told").touch()
    monkeypatch.setattr(check, "ROOT", tmp_path)
    monkeypatch.setattr(check, "BIN", tmp_path / "bin")
    monkeypatch.setattr(check, "BUF", tmp_path / "bin/buf")
    monkeypatch.setattr(sys, "argv", ["check.py"])
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return Desk(tmp_path, check)


def test_everything_passes_when_every_tool_does(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    status = desk.run()

    table = capfd.readouterr().out
    assert status == 0
    assert table.count(" passed ") == len(desk.check.steps()) - 1
    assert "FAILED" not in table
    assert "skipped" not in table


@pytest.mark.parametrize("tool", [*TOOLS, "kuwei-rules", "docker-compose", "buf"])
def test_one_failure_fails_the_whole_and_stops_nothing(
    desk: Desk, capfd: pytest.CaptureFixture[str], tool: str
) -> None:
    desk.fails(tool)

    status = desk.run()

    table = capfd.readouterr().out
    assert status == 1
    assert "FAILED" in table
    assert desk.told("-m pytest"), "the tests run all the same"
    assert all(desk.told(name) for name in TOOLS)


def test_failing_tests_fail_the_whole(desk: Desk) -> None:
    desk.fails("python")

    assert desk.run("lint", "tests") == 1


def test_tests_come_last(desk: Desk) -> None:
    desk.run("tests", "yaml", "lint")

    assert "pytest" in desk.told("")[-1]
    assert len(desk.told("")) == 3


def test_only_the_steps_that_are_named_run(desk: Desk) -> None:
    status = desk.run("rules", "lock")

    assert status == 0
    assert desk.told("") == ["kuwei-rules check", "kuwei-rules lock --check"]


def test_a_step_that_does_not_exist_is_no_success(desk: Desk) -> None:
    assert desk.run("lint", "typse") == 1
    assert desk.told("") == []


@pytest.mark.parametrize(
    ("tools", "step"), [(["npm"], "protos"), (["docker-compose"], "compose")]
)
def test_a_step_whose_tool_is_missing_is_skipped_by_name(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    tools: list[str],
    step: str,
) -> None:
    monkeypatch.setenv("PATH", str(desk.folder / "bin"))
    for name in tools:
        (desk.folder / "bin" / name).unlink()

    steps = {one.name: one for one in desk.check.steps()}
    passed, line = desk.check._run(steps[step])

    assert passed
    assert f"{step} " in line
    assert "skipped:" in line
    assert tools[0] in line


def test_every_template_of_the_repository_is_looked_at() -> None:
    check = script_lab.load("deploy/build/check.py")

    folders = tuple(check._pages())

    pages = [str(path) for path in tree.committed() if path.suffix == ".html"]
    assert pages
    assert [page for page in pages if not page.startswith(folders)] == []
