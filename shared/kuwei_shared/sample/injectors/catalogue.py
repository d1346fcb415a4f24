"""Every injector there is, gathered from its family's module."""

from __future__ import annotations

from kuwei_shared.sample.injectors import (
    audit,
    banks,
    city,
    direct,
    guangxi,
    meetings,
    models,
)
from kuwei_shared.sample.injectors.registry import INJECTORS, Injector

FAMILIES = (guangxi, banks, audit, city, direct, meetings, models)
UNPLANTED = frozenset({"GX-U15D"})
"""Rules a generated year cannot break: it may be handed in at the interface too, and
that refuses what these are for."""

__all__ = ["FAMILIES", "INJECTORS", "UNPLANTED", "Injector"]
