"""The source tree as syntax trees, for the tests of this folder."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "kuwei_hub": ROOT / "hub" / "kuwei_hub",
    "kuwei_node": ROOT / "node" / "kuwei_node",
    "kuwei_shared": ROOT / "shared" / "kuwei_shared",
}
EDGES = ("routes", "api", "rpc", "tasks", "adapters")
PARTS = frozenset((*EDGES, "service", "store", "models", "domain"))
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """One hand-written Python file."""

    name: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.text)

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def feature(self) -> tuple[str, str, str] | None:
        """Package, feature and part, for a module inside a feature."""
        words = self.name.split(".")
        if words[0] == "kuwei_shared" or len(words) < 3 or words[2] not in PARTS:
            return None
        return words[0], words[1], words[2]


@cache
def product() -> tuple[Module, ...]:
    """Every module of hub, node and shared; migrations are history, not code."""
    return tuple(
        module
        for package, folder in PACKAGES.items()
        for module in _modules(folder, package)
        if ".migrations.versions" not in module.name
    )


@cache
def tests() -> tuple[Module, ...]:
    """Every module of the tests."""
    return tuple(_modules(ROOT / "tests", "tests"))


def functions(module: Module) -> Iterator[tuple[str, Function]]:
    """Yield every function with its dotted name inside the module."""
    yield from _functions(module.tree, "")


def imports(module: Module) -> Iterator[str]:
    """Yield the full name of everything a module imports, anywhere in it."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def committed() -> tuple[Path, ...]:
    """Every file in git; skips where this is not a checkout."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ("git", "ls-files", "-z"),  # noqa: S607  # the git that made the checkout
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def _modules(folder: Path, package: str) -> Iterator[Module]:
    for path in sorted(folder.rglob("*.py")):
        words = (package, *path.relative_to(folder).with_suffix("").parts)
        yield Module(".".join(words).removesuffix(".__init__"), path.read_text())


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        name = f"{prefix}{getattr(child, 'name', '')}"
        if isinstance(child, Function):
            yield name, child
            yield from _functions(child, f"{name}.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{name}.")
        else:
            yield from _functions(child, prefix)
