"""What a process does about its memory, from loading to its end."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from kuwei_shared.ops.memory import loading

ENDING = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count()))
from kuwei_shared.ops.memory import loading
with loading():
    kept = [[] for _ in range(1000)]
print(gc.get_freeze_count() > 1000)
"""


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def test_nothing_is_collected_while_modules_load() -> None:
    with loading():
        assert not gc.isenabled()

    assert gc.isenabled()


def test_collecting_goes_on_when_loading_fails() -> None:
    with pytest.raises(ImportError), loading():
        raise ImportError

    assert gc.isenabled()


def test_what_was_kept_from_collecting_is_given_up_at_the_end() -> None:
    done = subprocess.run(  # noqa: S603  # our own text
        [sys.executable, "-c", ENDING], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["True", "0"]


LEAVING = """
import atexit, sys, threading
from kuwei_shared.ops.memory import leaving
class Late:
    def __del__(self):
        print("taken apart")
def work():
    kept.append(Late())
    print("thread")
kept = []
with leaving():
    atexit.register(print, "handler")
    threading.Thread(target=work).start()
    {end}
"""


@pytest.mark.parametrize(
    ("end", "status"),
    [("pass", 0), ("sys.exit()", 0), ("sys.exit(3)", 3)],
)
def test_a_process_ends_at_once_when_all_is_done(end: str, status: int) -> None:
    done = subprocess.run(  # noqa: S603  # our own text
        [sys.executable, "-c", LEAVING.format(end=end)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout.split() == ["thread", "handler"]


@pytest.mark.parametrize("end", ["sys.exit('not so')", "raise ValueError('not so')"])
def test_a_process_that_fails_ends_as_ever_and_says_why(end: str) -> None:
    done = subprocess.run(  # noqa: S603  # our own text
        [sys.executable, "-c", LEAVING.format(end=end)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "not so" in done.stderr
    assert "taken apart" in done.stdout
