"""A target on its way: kept as far as it came, whole before it is verified.

A county's line is slow and breaks; what came over it once need not come again. A part
is named by the digest it shall have, and is worth nothing until that digest holds.
"""

from __future__ import annotations

import os
from pathlib import Path

from tuf.api.exceptions import (
    DownloadError,
    DownloadLengthMismatchError,
    LengthOrHashMismatchError,
)
from tuf.api.metadata import TargetFile

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.releases import layout
from kuwei_shared.releases.fetcher import BASE, EagerFetcher


class Arrival:
    """One target, arriving in a folder over as many attempts as it takes."""

    def __init__(self, target: TargetFile, folder: Path) -> None:
        self._target = target
        self.part = folder / f".{target.hashes['sha256']}.part"

    def go_on(self, fetcher: EagerFetcher) -> None:
        """Fetch what is missing, and keep it however far it comes.

        Raises:
            DownloadError: the line broke; the part stays for the next attempt.
            DownloadLengthMismatchError: more came than was signed; nothing stays.
        """
        self._make_room()
        if self.part.exists() and self.length == self._target.length:
            return
        try:
            self._append(fetcher)
        except DownloadError as error:
            if isinstance(error, DownloadLengthMismatchError) or _is_beyond(error):
                self.part.unlink()
            raise

    def settle_down(self) -> None:
        """Verify length and digest; a part that does not hold is thrown away.

        Raises:
            LengthOrHashMismatchError: what came is not what was signed.
        """
        try:
            with self.part.open("rb") as file:
                self._target.verify_length_and_hashes(file)
        except LengthOrHashMismatchError:
            self.part.unlink()
            raise

    @property
    def length(self) -> int:
        """How many bytes are here."""
        return self.part.stat().st_size if self.part.exists() else 0

    def _make_room(self) -> None:
        """Throw away parts of other targets: one arrives at a time."""
        self.part.parent.mkdir(parents=True, exist_ok=True)
        for other in self.part.parent.glob(".*.part"):
            if other != self.part:
                other.unlink()

    def _append(self, fetcher: EagerFetcher) -> None:
        here = self.length
        chunks = fetcher.fetch_from(_url(self._target), here)
        with self.part.open("ab") as file:
            for chunk in chunks:
                here += len(chunk)
                if here > self._target.length:
                    raise DownloadLengthMismatchError(
                        f"{self._target.path} is longer than {self._target.length}"
                    )
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())


def _url(target: TargetFile) -> str:
    """Return where a target lies under consistent snapshots (TUF 1.0, 6.2)."""
    folder, slash, name = target.path.rpartition("/")
    return f"{BASE}{layout.TARGETS}/{folder}{slash}{target.hashes['sha256']}.{name}"


def _is_beyond(error: DownloadError) -> bool:
    """Whether the other side holds less than is here: another attempt begins anew."""
    cause = error.__cause__
    return isinstance(cause, KuweiError) and cause.code == layout.BAD_OFFSET
