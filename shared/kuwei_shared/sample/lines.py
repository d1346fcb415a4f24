"""Appropriations, projects and contracts of one node, before any payment.

A line is one appropriation: a unit, an economic class, a project, a fund. What
it amounts to is decided when the year's payments on it are known.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kuwei_shared.sample.payees import Payees
from kuwei_shared.sample.profiles import PAYROLL_COUNT, PROFILES
from kuwei_shared.sample.units import Unit

I64 = npt.NDArray[np.int64]

_WORKS_DEPTS = frozenset({"213", "214", "216", "212"})
_SCHOOLS = "205"
_CARD_CHANCE = 0.72
_CHANCE = {
    "30211": 0.7, "30228": 0.8, "30229": 0.6,
    "30226": 0.6, "30399": 0.6, "30227": 0.9, "30299": 0.8, "30305": 0.5, "30308": 0.0,
    "31002": 0.8, "31003": 0.35, "31005": 0.06, "31006": 0.3,
}  # fmt: skip
_BOUGHT = np.array([profile.channel == "contract" for profile in PROFILES])
_WORKS = frozenset({"31005", "31006"})
_WORKS_NAMES = (
    "农村公路提升工程", "河道综合整治工程", "高标准农田建设项目", "排水管网改造工程",
    "饮水安全巩固提升工程", "业务用房修缮改造项目", "市政道路维护项目",
)  # fmt: skip
_METHODS = ("open", "negotiated", "inquiry", "framework", "invited")
# At most this many payments on one contract, so that none looks like a purchase
# cut up to stay under the tender limit.
_PAID_PER_CONTRACT = 4
_FREE_SHARE = 0.8
# Whose money a line is: fund scope to the share of lines of a channel.
SCOPES = ("zero_balance", "special_account", "own_fund", "transfer")
ZERO, SPECIAL, OWN, TRANSFER = range(4)
_SCOPE_SHARES: dict[str, tuple[float, float, float, float]] = {
    "card": (0.94, 0.0, 0.06, 0.0),
    "company": (0.78, 0.06, 0.08, 0.08),
    "person": (0.78, 0.05, 0.07, 0.10),
    "contract": (0.82, 0.04, 0.0, 0.14),
}
_ALL_ZERO = (1.0, 0.0, 0.0, 0.0)
# One line of services in so many pays a standing fee to one supplier.
_FIXED_EVERY, _FIXED_FIRST = 30, 11
_FEE_LOW, _FEE_HIGH, _HUNDRED = 100, 600, 10_000  # hundreds of yuan, in fen
_SERVICES = np.array([profile.eco == "30227" for profile in PROFILES])


@dataclass(slots=True)
class Lines:
    """Parallel columns, one row per appropriation.

    Attributes:
        unit, profile, project: rows of the unit list, PROFILES, the projects.
        weight: how often it is drawn; 0 for payroll lines.
        contract, contracts: first contract row and how many; 0 without.
        expected: payments it will see in the year, about.
        func: functional class.
        scope: position in SCOPES.
        fixed: standing fee in fen; 0 where amounts vary.
    """

    unit: I64
    profile: I64
    project: I64
    contract: I64
    contracts: I64
    weight: npt.NDArray[np.float64]
    expected: npt.NDArray[np.float64]
    func: list[str]
    bgt_id: list[str]
    scope: I64
    fixed: I64

    def __len__(self) -> int:
        return len(self.bgt_id)


@dataclass(slots=True)
class Projects:
    """Parallel columns, one row per project."""

    code: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    unit: list[int] = field(default_factory=list)
    category: list[str] = field(default_factory=list)
    works: list[bool] = field(default_factory=list)

    def add(self, unit: Unit, name: str, category: str, *, works: bool) -> int:
        """Append a project and return its row."""
        row = len(self.code)
        self.code.append(f"{unit.place.code[:6]}26{row + 1:013d}")
        self.name.append(name)
        self.unit.append(unit.index)
        self.category.append(category)
        self.works.append(works)
        return row


@dataclass(slots=True)
class Contracts:
    """Parallel columns, one row per contract."""

    number: list[str] = field(default_factory=list)
    unit: list[int] = field(default_factory=list)
    payee: list[int] = field(default_factory=list)
    method: list[str] = field(default_factory=list)

    def add(self, unit: Unit, payee: int, method: str, year: int) -> int:
        """Append a contract and return its row."""
        row = len(self.number)
        self.number.append(f"HT-{unit.code}-{year}-{row + 1:05d}")
        self.unit.append(unit.index)
        self.payee.append(payee)
        self.method.append(method)
        return row


@dataclass(slots=True)
class _Builder:
    rng: np.random.Generator
    projects: Projects = field(default_factory=Projects)
    rows: list[tuple[int, int, int, float, str, str]] = field(default_factory=list)

    def unit_lines(self, unit: Unit, year: int) -> None:
        """Append every appropriation of one unit."""
        basic = (
            self.projects.add(unit, "人员类项目-工资福利", "11", works=False),
            self.projects.add(unit, "公用经费", "21", works=False),
        )
        draws = self.rng.random(len(PROFILES))
        for index, profile in enumerate(PROFILES):
            if draws[index] >= self._chance(unit, index):
                continue
            project = basic[0 if index < PAYROLL_COUNT else 1]
            if profile.channel == "contract" or profile.eco == "30227":
                project = self._special(unit, profile.eco)
            self._line(unit, index, project, year)

    def _chance(self, unit: Unit, index: int) -> float:
        profile = PROFILES[index]
        if profile.channel == "payroll":
            return 1.0
        if profile.channel == "card":
            return _CARD_CHANCE
        if profile.eco == "31005" and unit.dept in _WORKS_DEPTS:
            return 0.9
        if profile.eco == "30308" and unit.dept == _SCHOOLS:
            return 0.9
        return _CHANCE[profile.eco]

    def _special(self, unit: Unit, eco: str) -> int:
        works = eco in _WORKS
        if works:
            name = _WORKS_NAMES[int(self.rng.integers(len(_WORKS_NAMES)))]
        else:
            name = {"31002": "办公设备购置", "31003": "专用设备购置"}.get(
                eco, "业务服务委托项目"
            )
        return self.projects.add(unit, f"{unit.place.name}{name}", "31", works=works)

    def _line(self, unit: Unit, index: int, project: int, year: int) -> None:
        profile, row = PROFILES[index], len(self.rows)
        self.rows.append((
            unit.index, index, project,
            0.0 if index < PAYROLL_COUNT else profile.weight * unit.scale**0.5,
            unit.funcs[row % len(unit.funcs)],
            f"B{year}-{unit.place.code}-{unit.code}-{row % 10000:04d}",
        ))  # fmt: skip


def build_lines(
    rng: np.random.Generator,
    units: list[Unit],
    payees: Payees,
    year: int,
    payments: int,
) -> tuple[Lines, Projects, Contracts]:
    """Return every appropriation of a node with its projects and contracts."""
    builder = _Builder(rng)
    for one in units:
        builder.unit_lines(one, year)
    columns = list(zip(*builder.rows, strict=True))
    unit, profile, project = (np.array(c, dtype=np.int64) for c in columns[:3])
    weight = np.array(columns[3], dtype=np.float64)
    lines = Lines(
        unit=unit,
        profile=profile,
        project=project,
        contract=np.zeros_like(unit),
        contracts=np.zeros_like(unit),
        weight=weight,
        expected=weight / weight.sum() * payments * _FREE_SHARE,
        func=list(columns[4]),
        bgt_id=list(columns[5]),
        scope=_scopes(rng, profile),
        fixed=_fixed(rng, profile),
    )
    return lines, builder.projects, _contracts(rng, lines, units, payees, year)


def _scopes(rng: np.random.Generator, profile: I64) -> I64:
    """Return whose money each line is."""
    shares = np.array([_SCOPE_SHARES.get(p.channel, _ALL_ZERO) for p in PROFILES])
    luck = rng.random(len(profile))[:, np.newaxis]
    chosen = (luck >= np.cumsum(shares, axis=1)[profile]).sum(axis=1)
    return np.asarray(np.minimum(chosen, TRANSFER), dtype=np.int64)


def _fixed(rng: np.random.Generator, profile: I64) -> I64:
    """Return each line's standing fee in fen, 0 for nearly all."""
    services = np.cumsum(_SERVICES[profile]) * _SERVICES[profile]
    standing = services % _FIXED_EVERY == _FIXED_FIRST
    fees = rng.integers(_FEE_LOW, _FEE_HIGH, len(profile)) * _HUNDRED
    return np.asarray(np.where(standing, fees, 0), dtype=np.int64)


def _contracts(
    rng: np.random.Generator, lines: Lines, units: list[Unit], payees: Payees, year: int
) -> Contracts:
    """Give each procurement line contracts enough, each with another supplier."""
    contracts = Contracts()
    for row in np.flatnonzero(_BOUGHT[lines.profile]).tolist():
        start, size = payees.spans[PROFILES[lines.profile[row]].trade]
        most = lines.expected[row] + 5 * lines.expected[row] ** 0.5 + 5
        count = min(size, int(most / _PAID_PER_CONTRACT) + 1)
        lines.contract[row], lines.contracts[row] = len(contracts.number), count
        first = int(rng.integers(size))
        unit = units[lines.unit[row]]
        for n in range(count):
            method = _METHODS[(first + n) % len(_METHODS)]
            contracts.add(unit, start + (first + n) % size, method, year)
    return contracts


def gov_eco(lines: Lines, units: list[Unit]) -> list[str]:
    """Return each line's government economic class."""
    return [
        PROFILES[p].gov_institution
        if units[u].kind == "institution"
        else PROFILES[p].gov
        for u, p in zip(lines.unit.tolist(), lines.profile.tolist(), strict=True)
    ]
