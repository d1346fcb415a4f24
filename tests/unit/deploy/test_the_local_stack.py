from __future__ import annotations

import sys
from pathlib import Path

import pytest
import screen
import stages
from notebook import Notebook
from pace import PATIENCE_S
from processes import StageFailedError, Supervisor, born_at

SLEEPER = [
    sys.executable,
    "-c",
    "import time; print('up', flush=True); time.sleep(600)",
]


def test_chinese_columns_line_up() -> None:
    text = screen.table(("区划", "笔数"), [("南宁市本级", "1,200"), ("横州市", "80")])

    assert len({screen.width(line) for line in text.splitlines()}) == 1


def test_a_program_that_ends_by_itself_is_reported_with_its_last_words(
    tmp_path: Path,
) -> None:
    supervisor = Supervisor(tmp_path)
    command = [sys.executable, "-c", "print('no database'); raise SystemExit(3)"]
    service = supervisor.start("node", command, {})
    service.process.wait()

    with pytest.raises(
        StageFailedError, match=r"(?s)node ended with status 3.*no data"
    ):
        supervisor.require_alive()


def test_stopping_ends_every_program(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    service = supervisor.start("sleeper", SLEEPER, {})

    supervisor.stop()

    assert service.process.poll() is not None


def test_what_a_killed_stack_left_running_is_ended_at_the_next_start(
    tmp_path: Path,
) -> None:
    left = Supervisor(tmp_path).start("sleeper", SLEEPER, {})

    ended = Supervisor(tmp_path).end_leftovers()

    assert ended == 1
    assert left.process.wait(PATIENCE_S) != 0
    assert born_at(left.process.pid) == ""


def test_a_failed_stage_fails_the_run_and_skips_the_rest() -> None:
    def fail(_: list[str]) -> str:
        raise StageFailedError("hub is not ready")

    def note(done: list[str]) -> str:
        done.append("later")
        return "done"

    done: list[str] = []
    report = stages.run([stages.Stage("甲", fail), stages.Stage("乙", note)], done)

    assert report.failed
    assert done == []
    assert "hub is not ready" in report.table()


def test_the_notebook_is_found_again(tmp_path: Path) -> None:
    Notebook(tmp_path / "n.json").put("enrolled", "450100000")

    assert Notebook(tmp_path / "n.json").get("enrolled") == "450100000"
