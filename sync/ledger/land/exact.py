"""Areas that add up to the last bit: whole numbers of ticks, one 25 * 2**26th of a square metre, in int64 arrays.

Pieces of ground have areas on a grid of 2**-26 m² (`on_grid`; far below what an outline says), so floating-point sums
of them are exact in every order up to 134 km²; what people enter are hundredths of m². Both are whole ticks, so figures
of either kind can be compared, capped and added without rounding, for any unit, in arrays, and then be `Fraction`s.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_GRID_PER_M2 = 2**26
_TICKS_PER_GRID = 25
TICKS_PER_M2 = _GRID_PER_M2 * _TICKS_PER_GRID
_TICKS_PER_E2 = TICKS_PER_M2 // 100
_MOST_E2 = 2**38


def on_grid(area_m2: Floats) -> Floats:
    """Areas (m²) rounded to the grid on which sums are exact: by at most 8e-9 m²."""
    return np.asarray(np.rint(area_m2 * _GRID_PER_M2) / _GRID_PER_M2)


def from_m2(area_m2: Floats) -> Ints:
    """Sums of areas on the grid (m²) in ticks, exact."""
    return np.rint(area_m2 * _GRID_PER_M2).astype(np.int64) * _TICKS_PER_GRID


def from_e2(area_e2: Ints) -> Ints:
    """Areas as entered (hundredths of m²) in ticks, exact up to 2,748 km²; whatever is larger counts as that much, for
    no ground is so large and an int64 must not run over."""
    return np.minimum(area_e2.astype(np.int64), _MOST_E2) * _TICKS_PER_E2


def e2_ticks(area_e2: int) -> int:
    """One area as entered (hundredths of m²) in ticks, as `from_e2`."""
    return min(area_e2, _MOST_E2) * _TICKS_PER_E2


def m2(ticks: int | np.int64) -> Fraction:
    """Ticks as an exact number of m².

    >>> m2(int(from_e2(np.array([1_276_583]))[0]))
    Fraction(1276583, 100)
    """
    return Fraction(int(ticks), TICKS_PER_M2)


def summed(groups: Ints, ticks: Ints, count: int) -> Ints:
    """Ticks added up by group (0 to `count` - 1); a group below 0 is left out."""
    total = np.zeros(count, dtype=np.int64)
    inside = groups >= 0
    np.add.at(total, groups[inside], ticks[inside])
    return total


def hundredths(area_e2: int) -> Fraction:
    """An area as entered (hundredths of m²) as an exact number of m²."""
    return Fraction(area_e2, 100)


def ticks(area_m2: Fraction) -> int:
    """An exact area of this ledger (m²) in ticks."""
    return int(area_m2 * TICKS_PER_M2)
