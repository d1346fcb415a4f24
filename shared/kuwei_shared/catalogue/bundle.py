"""The catalogue as one file: what the hub publishes and a node activates.

A deterministic tar: sorted names, no times, no owners, so that the same
catalogue is the same bytes everywhere. Unpacking trusts nothing: only plain
files at places a catalogue has, each once, within bounds, nothing compressed.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

from kuwei_shared.catalogue import files as layout
from kuwei_shared.catalogue.document import BYTES_MAX
from kuwei_shared.catalogue.files import FILES_MAX, Files
from kuwei_shared.catalogue.loading import catalogue_of
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.model import Catalogue

BUNDLE_BYTES_MAX = 16 << 20
MODE = 0o644


def pack(root: Path) -> bytes:
    """Return the catalogue in a folder as a bundle.

    Raises:
        KuweiError: the folder holds no readable catalogue, or too much of one.
    """
    files = layout.read_folder(root)
    catalogue_of(files)
    return pack_files(files)


def pack_files(files: Files) -> bytes:
    """Return files as a bundle: equal files give equal bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(files):
            member = tarfile.TarInfo(path)
            member.size, member.mode, member.mtime = len(files[path]), MODE, 0
            tar.addfile(member, io.BytesIO(files[path]))
    data = buffer.getvalue()
    if len(data) > BUNDLE_BYTES_MAX:
        raise _refused("过大")
    return data


def unpack(data: bytes) -> Catalogue:
    """Return the catalogue in a bundle.

    Raises:
        KuweiError: the bundle is not one, or its files are no valid catalogue.
    """
    return catalogue_of(unpack_files(data))


def unpack_files(data: bytes) -> dict[str, bytes]:
    """Return the files of a bundle, refusing everything a catalogue has not."""
    if len(data) > BUNDLE_BYTES_MAX:
        raise _refused("过大")
    files: dict[str, bytes] = {}
    try:
        # "r:" reads plain tar only: a compressed bomb is not even opened.
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for member in tar:
                files[member.name] = _content(tar, member, files)
    except (tarfile.TarError, UnicodeDecodeError, ValueError, OSError) as error:
        raise _refused("不是规则目录的打包文件") from error
    if pack_files(files) != data:
        # Nothing may hide in padding, extended headers or behind the end mark.
        raise _refused("打包方式不规范")
    return files


def digest(data: bytes) -> str:
    """Return the sha256 of a bundle, in hex."""
    return hashlib.sha256(data).hexdigest()


def _content(
    tar: tarfile.TarFile, member: tarfile.TarInfo, seen: dict[str, bytes]
) -> bytes:
    if member.type not in {tarfile.REGTYPE, tarfile.AREGTYPE}:
        raise _refused(f"{member.name} 不是普通文件")
    if not layout.belongs(member.name):
        raise _refused(f"{member.name} 不属于规则目录")
    if member.name in seen:
        raise _refused(f"{member.name} 出现两次")
    if member.size > BYTES_MAX or len(seen) >= FILES_MAX:
        raise _refused(f"{member.name} 过大,或文件过多")
    file = tar.extractfile(member)
    content = file.read() if file else b""
    if len(content) != member.size:
        raise _refused(f"{member.name} 不完整")
    return content


def _refused(reason: str) -> KuweiError:
    return KuweiError("catalogue.bundle", f"规则目录包不可用:{reason};请重新发布。")
