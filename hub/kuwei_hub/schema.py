"""Every table of the hub in one place, for migrations and their check."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.util import find_spec

from sqlalchemy import MetaData

import kuwei_hub
from kuwei_shared.db.base import HubTable


def metadata() -> MetaData:
    """Load the models of every feature and return their tables."""
    for feature in pkgutil.iter_modules(kuwei_hub.__path__):
        models = f"kuwei_hub.{feature.name}.models"
        if feature.ispkg and find_spec(models):
            import_module(models)
    return HubTable.metadata
