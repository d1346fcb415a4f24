"""Every table of the node in one place, for migrations and their check."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.util import find_spec

from sqlalchemy import MetaData

import kuwei_node
from kuwei_shared.db.base import NodeTable


def metadata() -> MetaData:
    """Load the models of every feature and return their tables."""
    for feature in pkgutil.iter_modules(kuwei_node.__path__):
        models = f"kuwei_node.{feature.name}.models"
        if feature.ispkg and find_spec(models):
            import_module(models)
    return NodeTable.metadata
