"""Where a repository's files lie: a port, and the plain folder that fulfils it.

The hub keeps them in its database, the air gap and the tests in a folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from kuwei_shared.releases.layout import check_path


class ReleaseFiles(Protocol):
    """Reads and writes whole files by repository path."""

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, None when there is no such file."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Store a file; readers see the old or the new one, never a part."""
        ...


class FolderFiles:
    """A repository in a folder: what a USB stick carries."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, None when there is no such file."""
        try:
            return (self.folder / check_path(path)).read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            return None

    def write(self, path: str, data: bytes) -> None:
        """Store a file whole and durably."""
        replace_file(self.folder / check_path(path), data)


def replace_file(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file so that a crash leaves the old or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    settle(fresh, path)


def settle(fresh: Path, path: Path) -> None:
    """Put a finished file in its place and make the renaming durable."""
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
