"""Keeping handed-in files on disk, named by their content."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from kuwei_node.intake.domain.progress import Handed
from kuwei_shared.kernel.errors import Kind, KuweiError

BYTES_MAX = 2 * 1024**3
CHUNK = 1024 * 1024
NAME_MAX = 200


@dataclass(frozen=True, slots=True)
class UploadFolder:
    """A folder of handed-in files; the same content is kept once."""

    folder: Path

    def keep(self, stream: BinaryIO, name: str) -> Handed:
        """Keep a file's bytes under their digest; its name is only remembered.

        Raises:
            KuweiError: ``upload.empty``, ``upload.too_large``.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
            place = Path(file.name)
            try:
                digest, size = _copy(stream, file)
            except BaseException:
                place.unlink()
                raise
        kept = place.replace(self.folder / digest)
        return Handed(
            path=str(kept.resolve()),
            name=Path(name.replace("\\", "/")).name[-NAME_MAX:] or digest[:12],
            sha256=digest,
            size_bytes=size,
        )


def _copy(stream: BinaryIO, file: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > BYTES_MAX:
            raise KuweiError(
                "upload.too_large",
                "文件超过 2 GB,请分成几个文件,或由管理员用命令行导入。",
                kind=Kind.LIMITED,
            )
        digest.update(chunk)
        file.write(chunk)
    if not size:
        raise KuweiError("upload.empty", "文件是空的,请选择要导入的文件。")
    return digest.hexdigest(), size
