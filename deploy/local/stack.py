"""One province on one machine: ``make demo``.

Starts PostgreSQL and Redis from wheels, one provincial hub, a development
issuer and six nodes; enrols them, publishes the catalogue, streams a generated
year of payments, and runs until Ctrl-C. ``--once`` leaves after a summary,
with status 1 if a stage failed. Its data stays in .local/demo.
"""

from __future__ import annotations

import argparse
import fcntl
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import screen
import stages
import steps
from notebook import Notebook
from ports import Ports
from processes import StageFailedError, Supervisor
from state import ROOT, Stack


class _Interrupted(BaseException):
    """Ctrl-C or a polite kill arrived while a stage was at work."""


def main() -> None:
    """Run the demo as the command line asks."""
    asked = _arguments()
    folder: Path = asked.folder
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        supervisor = Supervisor(folder)
        # First of all: what a killed start left running still holds its ports.
        supervisor.end_leftovers()
        stack = Stack(
            folder=folder,
            payments=asked.payments,
            seed=asked.seed,
            ports=Ports.chosen(),
            supervisor=supervisor,
            notebook=Notebook(folder / "notebook.json"),
        )
        sys.exit(_run(stack, once=asked.once))


def _run(stack: Stack, *, once: bool) -> int:
    """Bring everything up, stay or leave, and stop everything; return the status."""
    _listen(stack)
    report = None
    try:
        report = stages.run(steps.STAGES, stack)
        if not report.failed and not once:
            print(steps.welcome(stack), flush=True)
            _stay(stack)
    except _Interrupted:
        print("\n正在停止 …", flush=True)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stack.stop()
    print("已停止,数据保留在", stack.folder, flush=True)
    if once and report:
        print(f"\n{report.table()}\n\n{stack.closing}", flush=True)
    return 1 if report is None or report.failed else 0


def _stay(stack: Stack) -> None:
    """Watch the programs until someone asks to stop."""
    try:
        while not stack.leaving.wait(1.0):
            stack.supervisor.require_alive()
    except StageFailedError as failure:
        print(f"\n{failure}\n其余服务继续运行;Ctrl-C 停止。", flush=True)
        stack.leaving.wait()


def _listen(stack: Stack) -> None:
    """Turn Ctrl-C and SIGTERM into one clean way out."""

    def leave(number: int, frame: FrameType | None) -> None:
        del number, frame
        stack.leaving.set()  # for steps that wait in other threads
        raise _Interrupted

    signal.signal(signal.SIGINT, leave)
    signal.signal(signal.SIGTERM, leave)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Refuse a second stack on the same data."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit(f"演示已在运行({folder});先在那个终端按 Ctrl-C。")
        yield


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--once", action="store_true", help="leave after a summary")
    add("--payments", type=int, default=12_000, help="generated payments in all")
    add("--seed", type=int, default=2026, help="of the generated province")
    add("--folder", type=Path, default=ROOT / ".local" / "demo", help="its data")
    return parser.parse_args()


if __name__ == "__main__":
    screen.utf8()
    main()
