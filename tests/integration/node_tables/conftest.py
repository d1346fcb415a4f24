"""The full node, once for every test of its tables and figures."""

from __future__ import annotations

from collections.abc import Iterator

import embedded
import pytest
from full_node_lab import Full, full_node


@pytest.fixture(scope="session")
def full(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Full]:
    """A county's node after half a year."""
    with full_node(postgres, tmp_path_factory.mktemp("full")) as found:
        yield found
