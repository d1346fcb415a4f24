"""A bundle is the same bytes everywhere, and nothing odd can ride in one."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from kuwei_shared.catalogue import bundle
from kuwei_shared.kernel.errors import KuweiError

Files = dict[str, bytes]


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def test_equal_files_make_equal_bundles(files: Files) -> None:
    again = dict(reversed(files.items()))

    assert bundle.pack_files(files) == bundle.pack_files(again)


def test_a_bundle_gives_back_its_catalogue(files: Files) -> None:
    catalogue = bundle.unpack(bundle.pack_files(files))

    assert list(catalogue.rules) == ["GX-U10"]
    assert catalogue.lists["modes"].entries == ("1", "3")
    assert catalogue.patterns == {"two": "^.."}
    assert catalogue.version == "2026.1"


def test_a_folder_is_packed_without_what_does_not_belong(
    files: Files, tmp_path: Path
) -> None:
    for path, data in (files | {"notes.txt": b"x", "rules/.hidden": b"x"}).items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    (tmp_path / "rules" / "gx" / "link.yaml").symlink_to("/etc/passwd")

    packed = bundle.unpack_files(bundle.pack(tmp_path))

    assert packed == files


@pytest.mark.parametrize(
    "name",
    [
        "../vocabulary.yaml",
        "/etc/passwd",
        "/vocabulary.yaml",
        "rules/../../x.yaml",
        "rules/a/../b.yaml",
        "./vocabulary.yaml",
        "rules/a/b/c/d/e.yaml",
        "rules/x.yaml/..",
        "rules\\x.yaml",
        "rules/x.py",
        "schema/rule.json",
        "lists/中.yaml",
        "evil.yaml",
        "",
    ],
)
def test_a_file_outside_its_places_is_refused(name: str) -> None:
    with pytest.raises(KuweiError, match=r"catalogue\.bundle"):
        bundle.unpack_files(tar_of((member(name), b"x: 1")))


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.DIRTYPE,
        tarfile.FIFOTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.CONTTYPE,
        tarfile.GNUTYPE_SPARSE,
    ],
)
def test_anything_but_a_plain_file_is_refused(kind: bytes) -> None:
    info = member("rules/gx/GX-U10.yaml", kind, "../../etc/passwd")

    with pytest.raises(KuweiError, match=r"catalogue\.bundle"):
        bundle.unpack_files(tar_of((info, b"")))


def test_a_file_twice_is_refused(files: Files) -> None:
    path = "vocabulary.yaml"

    data = tar_of((member(path), files[path]), (member(path), b"version: 1"))

    with pytest.raises(KuweiError, match="两次"):
        bundle.unpack_files(data)


def test_a_compressed_bundle_is_not_opened(files: Files) -> None:
    with pytest.raises(KuweiError, match=r"catalogue\.bundle"):
        bundle.unpack_files(gzip.compress(bundle.pack_files(files)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data + b"hidden" * 100,
        lambda data: data[:-512],
        lambda data: data[:2000],
        lambda _: b"not a bundle",
        lambda _: b"",
        lambda data: data + b"\0" * (20 << 20),
    ],
)
def test_bytes_that_are_not_exactly_a_bundle_are_refused(
    files: Files, spoil: object
) -> None:
    assert callable(spoil)

    with pytest.raises(KuweiError, match=r"catalogue\.bundle"):
        bundle.unpack_files(spoil(bundle.pack_files(files)))


def test_times_and_owners_cannot_make_two_forms_of_one_bundle(files: Files) -> None:
    dated = []
    for path, data in sorted(files.items()):
        info = member(path)
        info.mtime, info.uname = 1_700_000_000, "somebody"
        dated.append((info, data))

    with pytest.raises(KuweiError, match="不规范"):
        bundle.unpack_files(tar_of(*dated))


def test_an_oversized_file_is_refused() -> None:
    big = b"#" * ((1 << 20) + 1)

    with pytest.raises(KuweiError, match="过大"):
        bundle.unpack_files(tar_of((member("vocabulary.yaml"), big)))


def test_a_bundle_with_a_broken_rule_names_file_and_line(files: Files) -> None:
    files["rules/gx/GX-U10.yaml"] = b"id: GX-U10\nversion: one\n"

    with pytest.raises(KuweiError, match=r"rules/gx/GX-U10\.yaml:2:10") as refused:
        bundle.unpack(bundle.pack_files(files))

    assert refused.value.code == "catalogue.invalid"
