"""Fixtures every test may use: a real PostgreSQL, and transactions that roll back."""

from __future__ import annotations

from collections.abc import Iterator

import embedded
import pytest
from hypothesis import HealthCheck, settings
from pace import PATIENCE_S

from kuwei_shared.identity import provider

# The same examples every time, however slow the machine; new ones are looked for
# with --hypothesis-profile=explore.
settings.register_profile(
    "explore", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "repeat", settings.get_profile("explore"), derandomize=True, database=None
)
settings.load_profile("repeat")


@pytest.fixture(scope="session")
def postgres() -> Iterator[embedded.Postgres]:
    """One throw-away PostgreSQL server for the test run."""
    folder = embedded.scratch("kuwei-pg-")
    server = embedded.postgres(folder / "data", embedded.FAST)
    yield server
    server.abandon()
    embedded.discard(folder)


@pytest.fixture(autouse=True, scope="session")
def _unhurried_provider() -> Iterator[None]:
    """Give an identity provider in a thread of the tests time to be scheduled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provider, "TIMEOUT_S", PATIENCE_S)
        yield
