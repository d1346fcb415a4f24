"""Break each rule as often as asked in one node, and hand over the rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kuwei_shared.sample.calendar import Month
from kuwei_shared.sample.injectors import catalogue
from kuwei_shared.sample.injectors.scene import Row, Scene
from kuwei_shared.sample.labels import Label
from kuwei_shared.sample.schema import PAYMENT_SCHEMA
from kuwei_shared.sample.world import World


@dataclass(frozen=True, slots=True)
class Injected:
    """What was done wrong in one node.

    Attributes:
        labels: hits owed, in the order they were arranged.
        payments: distinct payments added.
        amount_fen: what they sum to.
    """

    labels: list[Label]
    payments: int
    amount_fen: int
    _months: dict[int, list[Row]]

    def month(self, number: int) -> pa.Table:
        """Return the added payment rows of a month, in time order."""
        rows = sorted(self._months.get(number, ()), key=lambda r: str(r["create_time"]))
        return pa.Table.from_pylist(rows, schema=PAYMENT_SCHEMA)


class Plan:
    """Sets the scenes of one node."""

    def __init__(self, world: World, months: tuple[Month, ...]) -> None:
        self.world = world
        self.months = months

    def make(
        self,
        rng: np.random.Generator,
        wanted: dict[str, int],
        disguised: dict[str, int],
    ) -> Injected:
        """Break every wanted rule so many times.

        Args:
            rng: this node's generator for violations.
            wanted: rule id to how often.
            disguised: rule id to how many of those are to be less plain.
        """
        scene = Scene(self.world, self.months, rng)
        for rule_id, count in sorted(wanted.items()):
            for nth in range(count):
                scene.begin(disguised=nth < disguised.get(rule_id, 0))
                catalogue.INJECTORS[rule_id].breaks(scene)
        months: dict[int, list[Row]] = defaultdict(list)
        amounts: dict[str, object] = {}
        for row in scene.rows:
            months[int(str(row["vou_date"])[5:7])].append(row)
            amounts[str(row["payment_id"])] = row["pay_amt"]
        total = sum(int(str(a).replace(".", "")) for a in amounts.values() if a)
        return Injected(scene.labels, len(amounts), total, dict(months))
