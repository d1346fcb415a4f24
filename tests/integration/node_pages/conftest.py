"""A served county node, once for all page tests."""

from __future__ import annotations

from collections.abc import Iterator

import embedded
import node_site_lab
import pytest


@pytest.fixture(scope="session")
def site(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[node_site_lab.NodeSite]:
    """The node of 兴宁区, its issuer and the standard catalogue."""
    folder = tmp_path_factory.mktemp("node")
    with node_site_lab.county_site(postgres, "node_pages", folder) as found:
        yield found
