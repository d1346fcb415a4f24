"""Browser files under addresses that change with their content.

``app.css`` is served as ``/static/app.<hash>.css`` and may be kept for a year.
The table of files is built once, so no request path ever reaches the disk.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

FOREVER = "public, max-age=31536000, immutable"
HASH_LENGTH = 10
PREFIX = "/static/"
BUILT_IN = Path(__file__).parent / "static"


class StaticFolder:
    """The files of one folder, by hashed name."""

    def __init__(self, folder: Path = BUILT_IN) -> None:
        self._urls: dict[str, str] = {}
        self._files: dict[str, Path] = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                self._add(path, path.relative_to(folder).as_posix())

    def url(self, name: str) -> str:
        """Return the address of a file.

        Raises:
            FileNotFoundError: the file is not there; for ``vendor/…``, build the
                browser files first.
        """
        if name not in self._urls:
            message = f"{name} is missing: run `make assets`"
            raise FileNotFoundError(message)
        return PREFIX + self._urls[name]

    def serve(self, request: Request) -> Response:
        """Answer a request for ``/static/{name:path}``."""
        path = self._files.get(request.path_params["name"])
        if path is None:
            raise HTTPException(404)
        return FileResponse(path, headers={"Cache-Control": FOREVER})

    def _add(self, path: Path, name: str) -> None:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:HASH_LENGTH]
        stem, _, suffix = name.rpartition(".")
        hashed = f"{stem}.{digest}.{suffix}"
        self._urls[name] = hashed
        self._files[hashed] = path
