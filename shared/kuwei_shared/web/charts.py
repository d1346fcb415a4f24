"""Charts as data: what charts.js draws and the text table says again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

POINTS_MAX = 400

Number = int | float | Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line or set of bars; ``tone`` names a colour of app.css."""

    name: str
    values: Sequence[Number]
    tone: str = "primary"
    kind: Literal["bar", "line"] = "bar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart over categories.

    Attributes:
        title: says what is shown, where, when; also the accessible name.
        categories: along the axis, at most ``POINTS_MAX``.
        series: values align with the categories; a missing one is None.
        unit: after every figure: ``笔``, ``万元``.
        is_stacked: bars stand on each other.
        is_lying: categories run downwards, for long names.
    """

    title: str
    categories: Sequence[str]
    series: Sequence[Series]
    unit: str
    is_stacked: bool = False
    is_lying: bool = False

    def __post_init__(self) -> None:
        if len(self.categories) > POINTS_MAX:
            raise ValueError(self.title)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(v for s in self.series for v in s.values)

    @property
    def rows(self) -> list[tuple[str, list[Number]]]:
        """The text alternative: category, then each series' value."""
        return [
            (category, [series.values[place] for series in self.series])
            for place, category in enumerate(self.categories)
        ]

    @property
    def data(self) -> str:
        """JSON for the data attribute."""
        return json.dumps(
            {
                "unit": self.unit,
                "stacked": self.is_stacked,
                "lying": self.is_lying,
                "categories": list(self.categories),
                "series": [
                    {
                        "name": s.name,
                        "tone": s.tone,
                        "kind": s.kind,
                        "values": [None if v is None else float(v) for v in s.values],
                    }
                    for s in self.series
                ],
            },
            ensure_ascii=False,
        )
