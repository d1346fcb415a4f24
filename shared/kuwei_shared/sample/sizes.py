"""How large ordinary payments are: log-normal, a long tail, and a crowd at limits.

Real ledgers show all three: in a state treasury's 419,821 vouchers the largest two
in a hundred thousand are fourteen thousand medians, within a class the tail falls
with an exponent of 1.3 to 1.5, and one card swipe in a hundred lies in the last
four per cent below the limit, twice as many as in the band before it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kuwei_shared.sample.lines import I64
from kuwei_shared.sample.profiles import PROFILES

_MEDIAN = np.array([p.median for p in PROFILES])
_SIGMA = np.array([p.sigma for p in PROFILES])
_FLOOR = np.array([p.floor for p in PROFILES])
_CAP = np.array([p.cap for p in PROFILES])
_TAIL_SHARE, _TAIL_EXPONENT = 0.01, 1.4
_BRINK_SHARE, _BRINK_DEPTH = 0.004, 0.03
_WHOLE_SHARE, _WHOLE = 0.04, 1e6
# Yuan a payer may wish to stay below: approval, tender and reporting limits.
_BRINKS = {
    "30399": 1_000, "30226": 50_000, "30217": 30_000, "30231": 30_000,
    "30201": 50_000, "30213": 50_000, "30299": 10_000, "30227": 1_000_000,
    "31002": 1_000_000, "31003": 2_000_000, "31005": 20_000_000,
    "31006": 20_000_000,
}  # fmt: skip
_BRINK = np.array([float(_BRINKS.get(p.eco, 0)) for p in PROFILES])


def amounts(
    rng: np.random.Generator, profile: I64, scale: npt.NDArray[np.float64]
) -> I64:
    """Return amounts in fen, one for each payment's profile and unit."""
    count = len(profile)
    yuan = (
        _MEDIAN[profile] * scale * np.exp(_SIGMA[profile] * rng.standard_normal(count))
    )
    luck = rng.random(count)
    far = np.flatnonzero(luck < _TAIL_SHARE)
    yuan[far] *= 1 + rng.pareto(_TAIL_EXPONENT, len(far))
    # What is beyond a bound falls back inside it, not onto it.
    over = _CAP[profile] * (0.25 + 0.74 * rng.random(count))
    under = _FLOOR[profile] * (1 + rng.random(count))
    yuan = np.where(yuan > _CAP[profile], over, yuan)
    yuan = np.where(yuan < _FLOOR[profile], under, yuan)
    near = np.flatnonzero((luck > 1 - _BRINK_SHARE) & (_BRINK[profile] > 0))
    below = 1 - _BRINK_DEPTH * rng.random(len(near)) ** 2
    yuan[near] = _BRINK[profile[near]] * below
    return np.asarray((yuan * 100).astype(np.int64))


def whole_millions(rng: np.random.Generator, fen: I64) -> I64:
    """Round a few of the amounts beyond a million to whole millions."""
    large = np.flatnonzero(fen > _WHOLE * 100)
    chosen = large[rng.random(len(large)) < _WHOLE_SHARE]
    fen[chosen] = fen[chosen] // int(_WHOLE * 100) * int(_WHOLE * 100)
    return fen
