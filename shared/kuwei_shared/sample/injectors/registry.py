"""Which injector breaks which rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kuwei_shared.sample.injectors.scene import Scene

Break = Callable[[Scene], None]


@dataclass(frozen=True, slots=True)
class Injector:
    """Breaks one rule once.

    Attributes:
        rule_id: the rule it is for; labels may name further rules hit as well.
        levels: where the rule applies; empty means everywhere.
        breaks: adds payments, reference rows and labels to a scene.
    """

    rule_id: str
    levels: frozenset[str]
    breaks: Break


INJECTORS: dict[str, Injector] = {}


def injector(*rule_ids: str, levels: tuple[str, ...] = ()) -> Callable[[Break], Break]:
    """Register a function as the injector of these rules."""

    def register(breaks: Break) -> Break:
        for rule_id in rule_ids:
            INJECTORS[rule_id] = Injector(rule_id, frozenset(levels), breaks)
        return breaks

    return register
