"""However a demo ends, its programs end with it, and the status tells how it went."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pace import PATIENCE_S, wait_until
from processes import born_at

LOCAL = Path(__file__).parents[3] / "deploy/local"
# The demo's program with stages of a test's own, named on its command line.
DEMO = """
import sys, time
import screen, stack, steps
from processes import StageFailedError
from stages import Stage

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]

def program(demo):
    pid = demo.supervisor.start("sleeper", SLEEPER, {}).process.pid
    return f"pid={pid}."

def failing(demo):
    raise StageFailedError("the port is taken")

def endless(demo):
    print("at work", flush=True)
    time.sleep(600)

steps.STAGES = tuple(Stage(n, globals()[n]) for n in sys.argv.pop().split(","))
screen.utf8()
stack.main()
"""


class Run:
    """One start of the demo; what it says goes to a file."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.log = folder.parent / f"{len(list(folder.parent.iterdir()))}.log"
        command = [sys.executable, "-c", DEMO, "--folder", str(folder), *arguments]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603  # our own program
                command, cwd=LOCAL, stdout=log, stderr=subprocess.STDOUT
            )

    def said(self) -> str:
        return self.log.read_text()

    def hears(self, words: str) -> None:
        """Wait until the demo has said something; it must not end before."""
        wait_until(
            lambda: words in self.said() or self.process.poll() is not None, words
        )
        assert words in self.said()

    def status(self) -> int:
        return self.process.wait(PATIENCE_S)

    def program(self) -> int:
        """Return the process id of the program the demo started."""
        self.hears("pid=")
        return int(self.said().split("pid=")[1].split(".")[0])


Start = Callable[..., Run]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the demo on one folder, as often as a test likes."""
    runs: list[Run] = []

    def begin(*arguments: str) -> Run:
        runs.append(Run(tmp_path / "demo", *arguments))
        return runs[-1]

    yield begin
    for run in runs:
        run.process.terminate()
        run.process.wait(PATIENCE_S)


def test_once_leaves_after_its_summary_and_ends_what_it_started(start: Start) -> None:
    run = start("--once", "program,program")

    status = run.status()

    assert status == 0
    assert born_at(run.program()) == ""
    after = run.said().split("已停止,数据保留在")[1]
    assert after.count("完成") == 2


def test_a_failed_stage_is_the_status_and_ends_the_rest(start: Start) -> None:
    run = start("--once", "program,failing,endless")

    status = run.status()

    assert status == 1
    assert born_at(run.program()) == ""
    assert "the port is taken" in run.said()
    assert "at work" not in run.said()


@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM])
def test_whoever_asks_it_to_stop_interrupts_a_stage(
    start: Start, order: signal.Signals
) -> None:
    run = start("program,endless")
    run.hears("at work")

    run.process.send_signal(order)

    assert run.status() == 1
    assert born_at(run.program()) == ""
    assert "正在停止" in run.said()


def test_it_stays_when_a_program_ends_and_leaves_when_asked(start: Start) -> None:
    run = start("program")
    run.hears("Ctrl-C 停止。")
    signal_to(run.program())
    run.hears("sleeper ended with status -9")
    run.hears("其余服务继续运行")

    run.process.send_signal(signal.SIGINT)

    assert run.status() == 0
    assert "已停止,数据保留在" in run.said()


def test_a_second_start_on_the_folder_is_told_who_runs_already(start: Start) -> None:
    first = start("program,endless")
    first.hears("at work")

    second = start("--once", "program")

    assert second.status() == 1
    assert "演示已在运行" in second.said()
    assert born_at(first.program()) != ""


def test_what_a_killed_demo_left_ends_with_the_next_start(start: Start) -> None:
    killed = start("program,endless")
    killed.hears("at work")
    killed.process.kill()
    killed.status()
    left = killed.program()
    was_alive = born_at(left) != ""

    following = start("--once", "program")

    assert following.status() == 0
    assert was_alive
    assert born_at(left) == ""


def signal_to(process: int) -> None:
    """Kill a program behind the demo's back."""
    subprocess.run(["kill", "-9", str(process)], check=True)  # noqa: S603, S607  # its id
