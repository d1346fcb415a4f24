"""Everything one node's payments are drawn from, and what they add up to."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kuwei_shared.sample.lines import I64, Contracts, Lines, Projects, build_lines
from kuwei_shared.sample.payees import Payees, build_payees
from kuwei_shared.sample.places import Place, hosted
from kuwei_shared.sample.profiles import PROFILES
from kuwei_shared.sample.units import Unit, build_units, staff_counts

F64 = npt.NDArray[np.float64]


@dataclass(slots=True)
class Tally:
    """What ordinary payments took, in fen, refunds not given back.

    Attributes:
        plan: by month (0-11) and line; net: the same with refunds given back.
        contract: by contract row.
        bank: by month (0-11) and unit, authorised on the month's last working day.
    """

    plan: I64
    net: I64
    contract: I64
    bank: I64


@dataclass(slots=True)
class World:
    """A node's tables as columns, and counters that move as payments are drawn.

    Attributes:
        cumulative: running sum of the lines' weights.
        trade_start, trade_size: by profile, its stretch of the payees.
        card_payee: by unit, the card repayment account of its bank.
        turns, line_turns: payments so far by unit and by line.
        number: payments so far in the node.
        extra: rows that violations added, by reference table.
    """

    place: Place
    towns: tuple[Place, ...]
    year: int
    units: list[Unit]
    payees: Payees
    lines: Lines
    projects: Projects
    contracts: Contracts
    staff: F64
    scale: F64
    cumulative: F64
    trade_start: I64
    trade_size: I64
    card_payee: I64
    contract_payee: I64
    turns: I64
    line_turns: I64
    tally: Tally
    number: int = 0
    extra: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    @property
    def places(self) -> tuple[Place, ...]:
        """The bureau and the townships it hosts."""
        return (self.place, *self.towns)


def build_world(
    rng: np.random.Generator, place: Place, payments: int, year: int
) -> World:
    """Return a node's world, sized to the payments it will see."""
    towns = hosted(place.code)
    units = build_units(rng, place, towns, payments)
    payees = build_payees(rng, place, units)
    lines, projects, contracts = build_lines(rng, units, payees, year, payments)
    spans = [payees.spans[profile.trade] for profile in PROFILES]
    return World(
        place=place,
        towns=towns,
        year=year,
        units=units,
        payees=payees,
        lines=lines,
        projects=projects,
        contracts=contracts,
        staff=staff_counts(units),
        scale=np.array([unit.scale for unit in units]),
        cumulative=np.cumsum(lines.weight),
        trade_start=np.array([start for start, _ in spans], dtype=np.int64),
        trade_size=np.array([size for _, size in spans], dtype=np.int64),
        card_payee=np.array(
            [payees.spans[f"card:{unit.bank}"][0] for unit in units], dtype=np.int64
        ),
        contract_payee=np.array(contracts.payee or [0], dtype=np.int64),
        turns=np.zeros(len(units), dtype=np.int64),
        line_turns=np.zeros(len(lines), dtype=np.int64),
        tally=Tally(
            plan=np.zeros((12, len(lines)), dtype=np.int64),
            net=np.zeros((12, len(lines)), dtype=np.int64),
            contract=np.zeros(max(1, len(contracts.number)), dtype=np.int64),
            bank=np.zeros((12, len(units)), dtype=np.int64),
        ),
    )
