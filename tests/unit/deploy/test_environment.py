"""``make setup`` before anything is installed: stages, stamps, advice, bytecode."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
import script_lab

# Stands for the Python of .venv: notes what it is told, fails at what it is told to.
PYTHON = """#!/bin/sh
echo "$@" >> "{folder}/told"
[ -e "{folder}/fails" ] || exit 0
case " $* " in *" $(cat "{folder}/fails") "*) exit 1 ;; esac
"""


@dataclass
class Checkout:
    """A checkout whose .venv is there and notes what it is told."""

    folder: Path
    setup: ModuleType

    def told(self, word: str) -> list[str]:
        path = self.folder / "told"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if word in line]

    def fails(self, word: str | None) -> None:
        path = self.folder / "fails"
        path.write_text(word) if word else path.unlink()

    def run(self, *lists: str) -> None:
        sys.argv[1:] = lists
        self.setup.main()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    setup = script_lab.load("deploy/build/environment.py")
    venv = tmp_path / ".venv"
    for name, text in {
        ".venv/bin/python": PYTHON.format(folder=tmp_path),
        ".venv/bin/npm": "#!/bin/sh\n",
        "requirements/dev.txt": "a==1\n",
        "requirements/bench.txt": "b==1\n",
        "pyproject.toml": "[project]\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "VENV", venv)
    monkeypatch.setattr(setup, "PYTHON", venv / "bin/python")
    monkeypatch.setattr(sys, "argv", ["environment.py"])
    return Checkout(tmp_path, setup)


def test_a_second_run_installs_nothing_and_says_nothing(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    vendor = checkout.folder / "shared/kuwei_shared/web/static/vendor"
    vendor.mkdir(parents=True)
    (vendor / ".lock").touch()
    checkout.run()
    first = capsys.readouterr().out

    checkout.run()

    assert "Environment ready" in first
    assert capsys.readouterr().out == ""
    assert len(checkout.told("pip install")) == 2


@pytest.mark.parametrize(
    ("changed", "installed"),
    [("requirements/dev.txt", "-r"), ("pyproject.toml", "-e")],
)
def test_what_changed_is_installed_again_and_nothing_else(
    checkout: Checkout, changed: str, installed: str
) -> None:
    checkout.run()
    before = len(checkout.told("pip install"))
    (checkout.folder / changed).write_text("another")

    checkout.run()

    after = checkout.told("pip install")
    assert len(after) == before + 1
    assert f" {installed} " in after[-1]


def test_pins_are_installed_by_their_hashes_alone(checkout: Checkout) -> None:
    checkout.run()

    pinned = next(line for line in checkout.told("dev.txt"))
    assert "--require-hashes" in pinned
    assert "--no-deps" in pinned


def test_a_list_named_on_the_command_line_is_installed_too(checkout: Checkout) -> None:
    checkout.run("bench")

    assert len(checkout.told("bench.txt")) == 1


def test_a_stage_that_failed_is_done_again(checkout: Checkout) -> None:
    checkout.fails("install")
    with pytest.raises(SystemExit, match=r"failed \(1\)"):
        checkout.run()
    checkout.fails(None)

    checkout.run()

    assert len(checkout.told("dev.txt")) == 2


def test_a_failed_compiler_of_contracts_fails_the_setup(checkout: Checkout) -> None:
    checkout.fails("protos")

    with pytest.raises(SystemExit, match="protos"):
        checkout.run()


def test_an_environment_without_pip_is_served_by_this_pythons(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    lender = checkout.folder / "lender"
    lender.write_text(PYTHON.format(folder=checkout.folder))
    lender.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(lender))
    checkout.fails("--version")

    checkout.run()

    assert len(checkout.told("pip --python")) == 2


def test_an_environment_that_does_not_run_is_made_anew(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = checkout.folder / "maker"
    maker.write_text(
        f'#!/bin/sh\nmkdir -p "$3"/bin && ln -s {sys.executable} "$3"/ok\n'
    )
    maker.chmod(0o755)
    (checkout.folder / ".venv/.dev").write_text("an old stamp")
    checkout.fails("-c")
    monkeypatch.setattr(sys, "executable", str(maker))

    made = checkout.setup._environment()

    assert made
    assert (checkout.folder / ".venv/ok").exists()
    assert not (checkout.folder / ".venv/.dev").exists()


def test_an_old_python_is_told_which_one_to_name(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout.setup, "OLDEST", (99, 1))

    with pytest.raises(SystemExit, match=r"(?s)needs Python 99\.1.*make setup PYTHON="):
        checkout.run()


def test_a_python_that_can_make_nothing_is_told_what_to_install(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout.folder / ".venv/bin/python").unlink()
    monkeypatch.setattr(checkout.setup, "find_spec", lambda _: None)

    with pytest.raises(SystemExit, match="python3-venv"):
        checkout.run()


def test_bytecode_is_kept_though_the_machine_keeps_none(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(checkout.setup, "PYTHON", Path(sys.executable))
    site = checkout.folder / ".venv/lib/python3.11/site-packages"
    for folder in (checkout.folder / "node", site):
        folder.mkdir(parents=True)
        (folder / "one.py").write_text("x = 1\n")
        (folder / "template.py").write_text("{{ no python }}\n")

    checkout.setup._compile(True)

    made = {path.parent.parent for path in checkout.folder.rglob("one.*.pyc")}
    assert made == {checkout.folder / "node", site}


def test_libraries_are_compiled_only_when_something_was_installed(
    checkout: Checkout,
) -> None:
    site = checkout.folder / ".venv/lib/python3.11/site-packages"
    site.mkdir(parents=True)

    checkout.setup._compile(False)
    checkout.setup._compile(True)

    without, compiled = checkout.told("compileall")
    assert str(site) not in without
    assert str(site) in compiled
