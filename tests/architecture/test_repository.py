"""What is in git: hand-written, ours, small, and free of this or that machine."""

from __future__ import annotations

import re
from pathlib import Path

from architecture import tree

BYTES_MAX = 400_000
GENERATED = re.compile(r"_pb2|\.min\.|/vendor/|/node_modules/|\.egg-info/|\.pyc$")
BINARY = re.compile(r"\.(whl|so|jar|zip|gz|xz|tar|exe|db|parquet|xlsx|docx|pdf)$")
# Put together here so that this file does not match itself.
HOSTS = [
    name.replace(" ", ".")
    for name in (
        "pypi org",
        "pythonhosted org",
        "registry npmjs",
        "npmjs org",
        "proxy golang",
        "crates io",
        "repo maven",
        "deb debian",
        "security debian",
    )
]
MACHINE_PATHS = [f"/{name}/" for name in ("root", "work")] + [f"/home{'/'}"]
PATHS = re.compile("|".join(rf"(?<![\w.\-}}]){path}\w" for path in MACHINE_PATHS))


def test_nothing_generated_or_third_party_is_committed() -> None:
    found = {_name(p) for p in tree.committed() if GENERATED.search(f"/{_name(p)}")}

    assert not found


def test_nothing_large_or_packed_is_committed() -> None:
    found = {
        _name(path)
        for path in tree.committed()
        if path.stat().st_size > BYTES_MAX or BINARY.search(path.name)
    }

    assert not found


def test_no_file_names_a_registry_host() -> None:
    found = {
        f"{_name(path)}: {host}"
        for path in tree.committed()
        for host in HOSTS
        if host in _text(path)
    }

    assert not found, "packages are named, their sources are the site's business"


def test_no_file_names_a_path_of_one_machine() -> None:
    found = {
        f"{_name(path)}: {match.group()}"
        for path in tree.committed()
        for match in PATHS.finditer(_text(path))
    }

    assert not found


def _name(path: Path) -> str:
    return str(path.relative_to(tree.ROOT))


def _text(path: Path) -> str:
    return path.read_text(errors="replace")
