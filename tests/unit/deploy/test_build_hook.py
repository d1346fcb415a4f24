"""What the repository does not keep is made once, and again when its source changed."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
import script_lab

PROTO = """syntax = "proto3";
package kuwei.v1;
message Told { string word = 1; }
"""
# Stands for npm: notes what it is told, and lays the packages of the lock file out.
NPM = """#!/bin/sh
echo "$@" >> "{folder}/told"
[ ! -e "{folder}/fails" ] || exit 1
rm -rf node_modules
for file in {files}; do
  mkdir -p "$(dirname "node_modules/$file")"
  cp package-lock.json "node_modules/$file"
done
"""


def load(folder: Path) -> ModuleType:
    """Return the hook as a module of its own that builds in a folder."""
    found = script_lab.load("deploy/build/hatch_build.py")
    found.__dict__["ROOT"] = folder
    return found


@dataclass(frozen=True)
class Tree:
    """A checkout with one contract and a lock file, and a false npm on the path."""

    folder: Path
    hook: ModuleType

    @property
    def protos(self) -> Path:
        return self.folder / "protos"

    @property
    def shared(self) -> Path:
        return self.folder / "shared"

    @property
    def vendor(self) -> Path:
        return self.shared / "kuwei_shared/web/static/vendor"

    def told(self) -> list[str]:
        path = self.folder / "told"
        return path.read_text().splitlines() if path.exists() else []

    def lock(self, content: str) -> None:
        (self.shared / "assets/package-lock.json").write_text(content)

    def contract(self, content: str) -> Path:
        path = self.protos / "kuwei/v1/told.proto"
        path.write_text(content)
        return path.with_name("told_pb2.py")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    hook = load(tmp_path)
    files = " ".join([*hook.BROWSER_FILES, *hook.LICENCES])
    for path in ("protos/kuwei/v1", "shared/assets", "bin"):
        (tmp_path / path).mkdir(parents=True)
    npm = tmp_path / "bin/npm"
    npm.write_text(NPM.format(folder=tmp_path, files=files))
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:/usr/bin:/bin")
    made = Tree(tmp_path, hook)
    made.lock("first")
    made.contract(PROTO)
    return made


def test_contracts_become_modules_services_and_stubs(tree: Tree) -> None:
    tree.hook.compile_protos(tree.protos)

    made = {path.name for path in (tree.protos / "kuwei/v1").iterdir()}
    assert {"told_pb2.py", "told_pb2.pyi", "told_pb2_grpc.py"} <= made


def test_contracts_that_did_not_change_are_not_compiled_again(tree: Tree) -> None:
    tree.hook.compile_protos(tree.protos)
    module = tree.protos / "kuwei/v1/told_pb2.py"
    module.write_text("kept")

    tree.hook.compile_protos(tree.protos)

    assert module.read_text() == "kept"


def test_a_changed_contract_is_compiled_and_leaves_no_stale_module(tree: Tree) -> None:
    tree.hook.compile_protos(tree.protos)
    stale = tree.protos / "kuwei/v1/gone_pb2.py"
    stale.touch()

    module = tree.contract(PROTO.replace("word", "sentence"))
    tree.hook.compile_protos(tree.protos)

    assert "sentence" in module.read_text()
    assert not stale.exists()


def test_a_missing_module_is_made_though_nothing_changed(tree: Tree) -> None:
    tree.hook.compile_protos(tree.protos)
    module = tree.protos / "kuwei/v1/told_pb2.py"
    module.unlink()

    tree.hook.compile_protos(tree.protos)

    assert module.exists()


def test_a_contract_that_is_wrong_fails_the_build_and_is_tried_again(
    tree: Tree,
) -> None:
    tree.contract(PROTO.replace("string word", "strong word"))

    for _ in range(2):
        with pytest.raises(SystemExit, match="protoc"):
            tree.hook.compile_protos(tree.protos)


def test_browser_files_travel_with_their_licences(tree: Tree) -> None:
    tree.hook.vendor_assets(tree.shared)

    made = {path.name for path in tree.vendor.iterdir()}
    names = {*tree.hook.BROWSER_FILES.values(), *tree.hook.LICENCES.values()}
    assert made == {*names, ".lock"}
    assert tree.told() == ["ci --omit=dev"]


def test_browser_files_are_brought_once(tree: Tree) -> None:
    tree.hook.vendor_assets(tree.shared)
    tree.hook.vendor_assets(tree.shared)

    assert len(tree.told()) == 1


def test_another_lock_file_brings_other_browser_files(tree: Tree) -> None:
    tree.hook.vendor_assets(tree.shared)

    tree.lock("second")
    tree.hook.vendor_assets(tree.shared)

    assert (tree.vendor / "htmx.js").read_text() == "second"


def test_packages_of_an_older_lock_file_are_not_taken_for_these(tree: Tree) -> None:
    tree.hook.install_tools(tree.shared)

    tree.lock("second")
    tree.hook.vendor_assets(tree.shared)

    assert (tree.vendor / "htmx.js").read_text() == "second"


def test_tools_that_are_there_serve_the_browser_files_too(tree: Tree) -> None:
    tree.hook.install_tools(tree.shared)
    tree.hook.install_tools(tree.shared)

    tree.hook.vendor_assets(tree.shared)

    assert tree.told() == ["ci"]


def test_a_failed_npm_leaves_nothing_that_looks_made(tree: Tree) -> None:
    (tree.folder / "fails").touch()

    for make in (tree.hook.vendor_assets, tree.hook.install_tools):
        with pytest.raises(Exception, match="non-zero exit status"):
            make(tree.shared)

    assert not list(tree.folder.rglob(".lock"))
    assert not list(tree.folder.rglob(".complete"))


def test_without_npm_one_is_told_where_to_get_it(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tree.folder))
    monkeypatch.setattr(sys, "executable", str(tree.folder / "python"))

    with pytest.raises(SystemExit, match=r"npm is missing.*node\.txt"):
        tree.hook.vendor_assets(tree.shared)


@pytest.mark.parametrize(("version", "calls"), [("standard", 1), ("editable", 0)])
def test_only_a_real_wheel_calls_npm(tree: Tree, version: str, calls: int) -> None:
    class Hook(tree.hook.KuweiBuildHook):  # type: ignore[name-defined, misc]  # of a loaded module
        def __init__(self) -> None:
            """Need nothing of hatchling's builder."""

    Hook().initialize(version, {})

    assert len(tree.told()) == calls
    assert (tree.protos / "kuwei/v1/told_pb2.py").exists()


def test_every_browser_file_is_of_a_package_that_is_locked() -> None:
    hook = load(script_lab.ROOT)
    lock = json.loads((script_lab.ROOT / "shared/assets/package-lock.json").read_text())

    names = {
        "/".join(path.split("/")[: 2 if path.startswith("@") else 1])
        for path in [*hook.BROWSER_FILES, *hook.LICENCES]
    }

    assert {f"node_modules/{name}" for name in names} <= set(lock["packages"])
