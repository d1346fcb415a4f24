"""Alembic's door to the hub's tables."""

from kuwei_hub.schema import metadata
from kuwei_shared.db.migrate import run

run(metadata())
