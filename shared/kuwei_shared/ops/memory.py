"""What a process does about its memory."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def leaving() -> Iterator[None]:
    """Give all memory back at once when the process ends, not object by object.

    Taking modules apart takes a third of a second. Threads have ended by then, exit
    handlers registered later have run, and what was printed is flushed. A process that
    ends by an error other than an exit ends as ever.
    """
    status = 0

    def leave() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    atexit.register(leave)
    try:
        yield
    except SystemExit as end:
        if isinstance(end.code, str):
            atexit.unregister(leave)
        else:
            status = end.code or 0
        raise
    except BaseException:
        atexit.unregister(leave)
        raise


@contextmanager
def loading() -> Iterator[None]:
    """Collect no garbage while modules load: all of what they make is kept.

    Looking for some takes a fifth of the time a process needs to start.
    """
    gc.disable()
    try:
        yield
    finally:
        _keep()
        gc.enable()


def settle() -> None:
    """Leave what has been built so far out of every later garbage collection.

    Modules, routes and the compiled catalogue live as long as the process; walking
    them over and over stops every request for a tenth of a second.
    """
    gc.collect()
    _keep()


def _keep() -> None:
    gc.freeze()
    # What is still frozen at the end, some libraries report as lost.
    atexit.register(gc.unfreeze)
