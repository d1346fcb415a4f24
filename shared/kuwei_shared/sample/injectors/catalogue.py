"""Every injector there is, gathered from its family's module."""

from __future__ import annotations

from kuwei_shared.sample.injectors import banks, guangxi
from kuwei_shared.sample.injectors.registry import INJECTORS, Injector

FAMILIES = (guangxi, banks)

__all__ = ["FAMILIES", "INJECTORS", "Injector"]
