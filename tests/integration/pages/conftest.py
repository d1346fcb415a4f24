"""A served hub of the demonstration province, once for all page tests."""

from __future__ import annotations

from collections.abc import Iterator

import embedded
import pytest
import web_lab


@pytest.fixture(scope="session")
def site(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[web_lab.Site]:
    """The hub, its issuer and its territory."""
    folder = tmp_path_factory.mktemp("hub")
    with web_lab.province_site(postgres, "hub_pages", folder) as found:
        yield found
