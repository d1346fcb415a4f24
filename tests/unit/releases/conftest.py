from __future__ import annotations

from pathlib import Path

import pytest
from release_lab import Node, Province

from kuwei_shared.kernel.clock import SetClock


@pytest.fixture
def province(tmp_path: Path) -> Province:
    return Province.found(tmp_path / "province", SetClock())


@pytest.fixture
def node(province: Province, tmp_path: Path) -> Node:
    return Node.pinned(province, tmp_path / "node")
