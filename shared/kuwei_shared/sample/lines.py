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
    "30226": 0.6, "30227": 0.9, "30299": 0.8, "30305": 0.5, "30308": 0.0,
    "31002": 0.8, "31003": 0.35, "31005": 0.06, "31006": 0.3,
}  # fmt: skip
_TRACK_CHANCE = 0.12
_TRACKED = frozenset({"30305", "31005", "31003"})
_WORKS = frozenset({"31005", "31006"})
_WORKS_NAMES = (
    "农村公路提升工程", "河道综合整治工程", "高标准农田建设项目", "排水管网改造工程",
    "饮水安全巩固提升工程", "业务用房修缮改造项目", "市政道路维护项目",
)  # fmt: skip
_METHODS = ("open", "negotiated", "inquiry", "framework", "invited")
_CONTRACTS_PER_LINE = 3


@dataclass(slots=True)
class Lines:
    """Parallel columns, one row per appropriation.

    Attributes:
        unit, profile, project: rows of the unit list, PROFILES, the projects.
        weight: how often it is drawn; 0 for payroll lines.
        contract, contracts: first contract row and how many; 0 without.
        func, track: functional class; tracking project of direct funds or "".
    """

    unit: I64
    profile: I64
    project: I64
    contract: I64
    contracts: I64
    weight: npt.NDArray[np.float64]
    func: list[str]
    track: list[str]
    bgt_id: list[str]

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
    payees: Payees
    year: int
    projects: Projects = field(default_factory=Projects)
    contracts: Contracts = field(default_factory=Contracts)
    rows: list[tuple[int, int, int, int, int, float, str, str, str]] = field(
        default_factory=list
    )

    def unit_lines(self, unit: Unit) -> None:
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
            self._line(unit, index, project)

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

    def _line(self, unit: Unit, index: int, project: int) -> None:
        profile = PROFILES[index]
        first, count = 0, 0
        if profile.channel == "contract":
            first, count = len(self.contracts.number), _CONTRACTS_PER_LINE
            start, size = self.payees.spans[profile.trade]
            picks = self.rng.integers(0, size, count)
            methods = self.rng.integers(0, len(_METHODS), count)
            for pick, method in zip(picks.tolist(), methods.tolist(), strict=True):
                self.contracts.add(unit, start + pick, _METHODS[method], self.year)
        tracked = profile.eco in _TRACKED and self.rng.random() < _TRACK_CHANCE
        row = len(self.rows)
        self.rows.append((
            unit.index, index, project, first, count,
            0.0 if index < PAYROLL_COUNT else profile.weight * unit.scale**0.5,
            unit.funcs[row % len(unit.funcs)],
            f"ZD{self.year}{row % 9 + 1:03d}" if tracked else "",
            f"B{self.year}-{unit.place.code}-{unit.code}-{row % 10000:04d}",
        ))  # fmt: skip


def build_lines(
    rng: np.random.Generator, units: list[Unit], payees: Payees, year: int
) -> tuple[Lines, Projects, Contracts]:
    """Return every appropriation of a node with its projects and contracts."""
    builder = _Builder(rng, payees, year)
    for one in units:
        builder.unit_lines(one)
    columns = list(zip(*builder.rows, strict=True))
    unit, profile, project, contract, contracts = (
        np.array(column, dtype=np.int64) for column in columns[:5]
    )
    lines = Lines(
        unit=unit,
        profile=profile,
        project=project,
        contract=contract,
        contracts=contracts,
        weight=np.array(columns[5], dtype=np.float64),
        func=list(columns[6]),
        track=list(columns[7]),
        bgt_id=list(columns[8]),
    )
    return lines, builder.projects, builder.contracts


def line_caps(lines: Lines) -> npt.NDArray[np.float64]:
    """Return each line's largest ordinary amount in yuan."""
    caps = np.array([profile.cap for profile in PROFILES])
    return np.asarray(caps[lines.profile], dtype=np.float64)


def gov_eco(lines: Lines, units: list[Unit]) -> list[str]:
    """Return each line's government economic class."""
    return [
        PROFILES[p].gov_institution
        if units[u].kind == "institution"
        else PROFILES[p].gov
        for u, p in zip(lines.unit.tolist(), lines.profile.tolist(), strict=True)
    ]
