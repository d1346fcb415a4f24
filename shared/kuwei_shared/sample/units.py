"""Budget units of one node: who they are, where they bank, how large they are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kuwei_shared.sample.names import BANKS, DEPARTMENTS, TOWN_UNITS, numeral
from kuwei_shared.sample.places import Place

PAYMENTS_PER_UNIT = 420
UNITS_MIN, UNITS_MAX = 8, 30_000
CARDS_PER_UNIT = 3
AGENT_BANKS = tuple(code for code, _, agent in BANKS if agent)

_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_CASH_LIMITS = (200_000, 300_000, 500_000)
_LEVEL_SCALE = {"province": 1.5, "city": 1.15, "county": 0.9, "township": 0.6}


@dataclass(frozen=True, slots=True)
class Unit:
    """One budget unit.

    Attributes:
        index: position in its node's list.
        code: six digits, the first three its department's.
        place: jurisdiction it belongs to.
        parent: code of the unit above it; its own where it is the department.
        kind: administrative, institution, enterprise or other.
        funcs: functional classes it may pay from.
        staff: persons on its payroll.
        scale: how large its payments are beside an ordinary unit's.
        bank: code of its agent bank.
        cash_limit: standing cash in fen.
    """

    index: int
    code: str
    name: str
    place: Place
    dept: str
    parent: str
    kind: str
    funcs: tuple[str, ...]
    staff: int
    scale: float
    bank: str
    is_key: bool
    cash_limit: int

    @property
    def zero_account(self) -> str:
        """Number of its zero-balance account."""
        return self._account("10")

    @property
    def own_account(self) -> str:
        """Number of its own-fund account."""
        return self._account("20")

    def _account(self, kind: str) -> str:
        return f"{self.place.code[:6]}{self.bank}{kind}{self.index:08d}"

    def card(self, number: int) -> str:
        """Number of its nth official card."""
        return f"628{self.bank}{self.place.code[2:6]}{self.index:05d}{number:01d}"

    @property
    def credit_code(self) -> str:
        """Unified social credit code, GB 32100-2015, with both check digits."""
        org = f"{int(self.code) * 97 % 10**4:04d}{self.index % 10**4:04d}"
        total = sum(int(c) * w for c, w in zip(org, _ORG_WEIGHTS, strict=True))
        check = (11 - total % 11) % 11
        body = f"1{'1' if self.kind == 'administrative' else '2'}"
        body += f"{self.place.code[:6]}{org}{'0123456789X'[check]}"
        mod = sum(_USCC.index(c) * w for c, w in zip(body, _USCC_WEIGHTS, strict=True))
        return body + _USCC[(31 - mod % 31) % 31]


@dataclass(frozen=True, slots=True)
class _Draft:
    code: str
    name: str
    dept: str
    parent: str
    kind: str
    funcs: tuple[str, ...]


def _ending(place: Place, ending: str) -> str:
    return "厅" if place.level == "province" and ending == "局" else ending


def _departments(place: Place) -> list[_Draft]:
    return [
        _Draft(
            f"{d.code}001",
            f"{place.prefix}{d.name}{_ending(place, d.ending)}",
            d.code,
            f"{d.code}001",
            "administrative",
            d.funcs[:1],
        )
        for d in DEPARTMENTS
    ]


def _subordinate(place: Place, dept: int, serial: int) -> _Draft:
    d = DEPARTMENTS[dept]
    text = d.subs[serial % len(d.subs)]
    n = serial // len(d.subs) + 1
    name = text.format(n=numeral(n)) if "{n}" in text else text
    if "{n}" not in text and n > 1:
        name = f"{name}{numeral(n)}分部"
    return _Draft(
        f"{d.code}{serial + 2:03d}",
        f"{place.prefix}{name}",
        d.code,
        f"{d.code}001",
        "institution",
        d.funcs[1:] or d.funcs,
    )


def _drafts(rng: np.random.Generator, place: Place, count: int) -> list[_Draft]:
    heads = min(len(DEPARTMENTS), max(4, count // 2))
    drafts = _departments(place)[:heads]
    # Schools and health stations are most of a government's units.
    weights = np.array([8.0, 5.0, 3.0, *([1.0] * (heads - 3))])
    picks = rng.choice(heads, max(0, count - heads), p=weights / weights.sum())
    serials: dict[int, int] = {}
    for dept in picks.tolist():
        serial = serials.get(dept, 0)
        serials[dept] = serial + 1
        drafts.append(_subordinate(place, dept, serial))
    return drafts


def _town_drafts(place: Place) -> list[_Draft]:
    dept = f"9{place.code[-2:]}"
    return [
        _Draft(f"{dept}{i:03d}", place.name + name, dept, f"{dept}001", kind, (func,))
        for i, (name, kind, func) in enumerate(TOWN_UNITS, 1)
    ]


def _unit(rng: np.random.Generator, index: int, place: Place, draft: _Draft) -> Unit:
    level = _LEVEL_SCALE[place.level]
    return Unit(
        index=index,
        code=draft.code,
        name=draft.name,
        place=place,
        dept=draft.dept,
        parent=draft.parent,
        kind=draft.kind,
        funcs=draft.funcs,
        staff=min(900, max(4, round(math.exp(rng.normal(3.4, 0.8)) * level))),
        scale=float(math.exp(rng.normal(0, 0.3))) * level,
        bank=AGENT_BANKS[int(rng.integers(len(AGENT_BANKS)))],
        is_key=bool(rng.random() < 0.06),  # noqa: PLR2004  # share of key units
        cash_limit=_CASH_LIMITS[int(rng.integers(len(_CASH_LIMITS)))],
    )


def build_units(
    rng: np.random.Generator, place: Place, towns: tuple[Place, ...], payments: int
) -> list[Unit]:
    """Return a node's units: its own departments first, then its townships'."""
    count = round(payments / PAYMENTS_PER_UNIT)
    count = min(UNITS_MAX, max(UNITS_MIN, count))
    drafts = [(place, draft) for draft in _drafts(rng, place, count)]
    drafts += [(town, draft) for town in towns for draft in _town_drafts(town)]
    return [_unit(rng, i, where, draft) for i, (where, draft) in enumerate(drafts)]


def staff_counts(units: list[Unit]) -> npt.NDArray[np.float64]:
    """Return the units' payroll heads, in order."""
    return np.array([unit.staff for unit in units], dtype=np.float64)
