"""How bytes of a repository reach the TUF client, from any kind of channel.

ngclient stops its root walk only on an eager 404 and treats only DownloadError
as "try later"; a lazy generator would leak the channel's own errors instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient.fetcher import FetcherInterface

from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.releases.files import ReleaseFiles
from kuwei_shared.releases.layout import missing

BASE = "kuwei:///"
NOT_FOUND = 404

OpenBlob = Callable[[str, int], Iterator[bytes]]
"""Opens a path of the repository from a byte on."""


class EagerFetcher(FetcherInterface):
    """Turns a function that opens a path as chunks into a TUF fetcher.

    The function raises KuweiError of kind MISSING for an absent file, and any
    KuweiError for a channel that fails, before or between chunks.
    """

    def __init__(self, open_blob: OpenBlob) -> None:
        self._open_blob = open_blob

    def fetch_from(self, url: str, offset: int) -> Iterator[bytes]:
        """Return a file's bytes from an offset on.

        Raises:
            DownloadError: as tuf's own ``fetch``, here or between chunks.
        """
        path = url.removeprefix(BASE)
        try:
            chunks = self._open_blob(path, offset)
            first = next(chunks, b"")
        except KuweiError as error:
            raise _as_download(path, error) from error
        return chain([first], _translated(path, chunks))

    def _fetch(self, url: str) -> Iterator[bytes]:
        return self.fetch_from(url, 0)


class FilesFetcher(EagerFetcher):
    """Reads a repository that is at hand: a folder from a USB stick, a city's copy."""

    def __init__(self, files: ReleaseFiles) -> None:
        super().__init__(self._open)
        self._files = files

    def _open(self, path: str, offset: int) -> Iterator[bytes]:
        data = self._files.read(path)
        if data is None:
            raise missing(path)
        return iter([data[offset:]])


def _translated(path: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from chunks
    except KuweiError as error:
        raise _as_download(path, error) from error


def _as_download(path: str, error: KuweiError) -> DownloadError:
    if error.kind is Kind.MISSING:
        return DownloadHTTPError(f"{path} is not there", NOT_FOUND)
    return DownloadError(f"{path}: {error}")
