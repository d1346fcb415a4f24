"""``make migration`` on a copy of the services whose tables have changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import script_lab

pytestmark = pytest.mark.integration

ROOT = script_lab.ROOT
PROGRAM = "deploy/build/migration.py"
TREES = ("hub", "node", "shared", "protos", "deploy")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules", "vendor")
TRIAL = '''

class Trial(NodeTable):
    """Something a table is needed for."""

    __tablename__ = "trial"

    seq: Mapped[int] = mapped_column(primary_key=True)
'''


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the services; the node's has one table more than its revisions."""
    for tree in TREES:
        shutil.copytree(ROOT / tree, tmp_path / tree, ignore=LEFT_OUT)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/ruff").symlink_to(Path(sys.executable).parent / "ruff")
    with (tmp_path / "node/kuwei_node/alerts/models.py").open("a") as models:
        models.write(TRIAL)
    return tmp_path


def write(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    trees = os.pathsep.join(str(copy / tree) for tree in TREES[:4])
    return subprocess.run(  # noqa: S603  # our own program
        [sys.executable, str(copy / PROGRAM), *arguments],
        env=os.environ | {"PYTHONPATH": trees},  # noqa: TID251  # passed on
        capture_output=True,
        text=True,
        check=False,
    )


def revisions(copy: Path, service: str) -> set[Path]:
    return set((copy / service / f"kuwei_{service}/migrations/versions").glob("*.py"))


def test_a_new_table_becomes_a_revision_on_top_of_the_newest(copy: Path) -> None:
    before = revisions(copy, "node"), revisions(copy, "hub")

    done = write(copy, "node", "keep trials of rules")

    assert done.returncode == 0, done.stderr
    [fresh] = revisions(copy, "node") - before[0]
    text = fresh.read_text()
    earlier = "".join(path.read_text() for path in before[0])
    [follows] = [
        line.split('"')[1] for line in text.splitlines() if "down_revision" in line
    ]
    assert fresh.name.endswith("_keep_trials_of_rules.py")
    assert '"trial"' in text
    assert f'revision: str = "{follows}"' in earlier
    assert f'down_revision: str | None = "{follows}"' not in earlier
    assert revisions(copy, "hub") == before[1]


@pytest.mark.parametrize("arguments", [(), ("node",), ("city", "add it"), ("", "x")])
def test_without_service_and_sentence_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(sys, "argv", ["migration.py", *arguments])
    program = script_lab.load(PROGRAM)

    with pytest.raises(SystemExit, match=r"make migration S=hub\|node"):
        program.main()
