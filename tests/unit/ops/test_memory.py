"""What a process does about its memory is undone when it ends."""

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
