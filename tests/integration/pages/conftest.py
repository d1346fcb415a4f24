"""A served hub with the demonstration territory, once for all page tests."""

from __future__ import annotations

from collections.abc import Iterator

import embedded
import provinces
import pytest
import serving
from sqlalchemy import create_engine

from kuwei_shared.db.base import HubTable


@pytest.fixture(scope="session")
def site(postgres: embedded.Postgres) -> Iterator[serving.Site]:
    """The hub, its issuer and its territory."""
    url = postgres.create("hub_pages")
    engine = create_engine(url)
    HubTable.metadata.create_all(engine)
    engine.dispose()
    with serving.hub_site(url) as found:
        with found.hub.unit_of_work.begin() as session:
            found.hub.territory.register(session, provinces.jurisdictions())
        yield found
