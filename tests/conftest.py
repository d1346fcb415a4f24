"""Fixtures every test may use: a real PostgreSQL, and transactions that roll back."""

from __future__ import annotations

from collections.abc import Iterator

import embedded
import pytest


@pytest.fixture(scope="session")
def postgres() -> Iterator[embedded.Postgres]:
    """One throw-away PostgreSQL server for the test run."""
    folder = embedded.scratch("kuwei-pg-")
    server = embedded.postgres(folder / "data", embedded.FAST)
    yield server
    server.abandon()
    embedded.discard(folder)
