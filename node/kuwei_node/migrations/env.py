"""Alembic's door to the node's tables."""

from kuwei_node.schema import metadata
from kuwei_shared.db.migrate import run

run(metadata())
