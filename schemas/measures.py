"""Areas (面积): exact conversion between m², mu (亩), ha (公顷), km² and 万平方米, rounded once, when shown or stored.

The stored unit is the hundredth of a square metre, an `int` named `..._centi_m2` (entries hold integers only). Between
storing and showing, areas are `Fraction`s of a square metre: sum unrounded, round once (domain §3.9). Every rounding
here is ROUND_HALF_UP, that is half away from zero: the rule of the offices' spreadsheets, equal for a loss and a gain.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from schemas.errors import Code, LedgerError

MAX_CENTI_M2 = 2**53 - 1
"""Largest stored area, about 90 million km²: what JSON carries as a whole number (RFC 8785)."""


class AreaUnit(StrEnum):
    """A unit of area. 万平方米 is how floor area is reported; it equals a hectare and is kept apart as given."""

    M2 = "m2"
    MU = "mu"
    HA = "ha"
    KM2 = "km2"
    WAN_M2 = "wan_m2"


M2_PER_UNIT: dict[AreaUnit, Fraction] = {
    AreaUnit.M2: Fraction(1),
    AreaUnit.MU: Fraction(2000, 3),
    AreaUnit.HA: Fraction(10_000),
    AreaUnit.KM2: Fraction(1_000_000),
    AreaUnit.WAN_M2: Fraction(10_000),
}
"""Square metres in one unit, exact: 1 mu = 2000/3 m², 1 ha = 15 mu, 1 km² = 1,500 mu (domain §3.9)."""

DECIMALS: dict[AreaUnit, int] = {
    AreaUnit.M2: 2,
    AreaUnit.MU: 4,
    AreaUnit.HA: 4,
    AreaUnit.KM2: 2,
    AreaUnit.WAN_M2: 4,
}
"""Decimals that a figure shows in each unit (domain §3.9; 万平方米 as ha)."""


@dataclass(frozen=True, slots=True)
class AreaFigure:
    """A figure as a document gives it: its text and unit stay beside the exact value, since published pairs disagree.

    `m2` is exact (a figure in mu is a third of a whole number as often as not).
    """

    text: str
    unit: AreaUnit
    value: Decimal
    m2: Fraction

    @property
    def centi_m2(self) -> int:
        """The figure in the stored unit, hundredths of m², rounded half up."""
        return stored(self.m2)

    def shown_in(self, unit: AreaUnit) -> Decimal:
        """The figure in `unit` with that unit's decimals, rounded once from the exact value."""
        return shown(self.m2, unit)


def parse_area(text: str, unit: AreaUnit | None = None, *, least_m2: Fraction | None = Fraction(0)) -> AreaFigure:
    """Read a figure such as "12,765.83 平方米", "19.1487亩" or, with `unit`, "3800".

    Full-width digits and thousands commas are read; the unit stands in the text, in `unit`, or in both alike. Figures
    below `least_m2` (m²; zero unless said, None for no bound) are refused.
    Raises LedgerError(VALUE_INVALID) for NaN, infinities, exponents, no or a contradicting unit, too large or small.
    """
    match = _FIGURE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None or len(text) > _MAX_TEXT:
        raise _invalid("not an area")
    named = _UNIT_WORDS.get(match["unit"].strip().lower()) if match["unit"].strip() else unit
    if named is None or (unit is not None and named is not unit):
        raise _invalid("unit of area missing, unknown or contradicting")
    value = Decimal(match["number"].replace(",", ""))
    m2 = exact_m2(value, named)
    if least_m2 is not None and m2 < least_m2:
        raise _invalid(f"area below {shown(least_m2, AreaUnit.M2)} m2")
    return AreaFigure(text, named, value, m2)


def exact_m2(value: int | Decimal | Fraction, unit: AreaUnit) -> Fraction:
    """`value` `unit` as an exact number of square metres.

    Raises LedgerError(VALUE_INVALID) for NaN, infinities and areas beyond MAX_CENTI_M2.

    >>> exact_m2(Decimal("5.7"), AreaUnit.MU)
    Fraction(3800, 1)
    """
    if isinstance(value, Decimal) and (not value.is_finite() or abs(value.adjusted()) > _MAX_TEXT):
        raise _invalid("not a finite area")
    m2 = Fraction(value) * M2_PER_UNIT[unit]
    if abs(m2) * 100 > MAX_CENTI_M2:
        raise _invalid("area too large")
    return m2


def measured_m2(area_m2: float) -> Fraction:
    """A computed area (m², floating point) as an exact number, to be summed and rounded here.

    Raises LedgerError(VALUE_INVALID) for NaN, infinities and areas beyond MAX_CENTI_M2.
    """
    if not math.isfinite(area_m2):
        raise _invalid("not a finite area")
    return exact_m2(Fraction(area_m2), AreaUnit.M2)


def from_stored(centi_m2: int) -> Fraction:
    """A stored area (hundredths of m²) in square metres, exact."""
    return Fraction(centi_m2, 100)


def stored(m2: Fraction) -> int:
    """`m2` square metres in the stored unit, hundredths of m², rounded half up.

    >>> stored(Fraction(2000, 3))
    66667
    """
    return _half_up(m2 * 100)


def shown(m2: Fraction, unit: AreaUnit) -> Decimal:
    """`m2` square metres in `unit` with that unit's decimals, rounded half up, once.

    >>> shown(from_stored(1_276_583), AreaUnit.MU)
    Decimal('19.1487')
    """
    decimals = DECIMALS[unit]
    return Decimal(_half_up(m2 / M2_PER_UNIT[unit] * 10**decimals)).scaleb(-decimals)


def total_shown(areas_m2: Iterable[Fraction], unit: AreaUnit) -> Decimal:
    """The sum of `areas_m2` in `unit`: summed unrounded, rounded once (domain §3.9)."""
    return shown(sum(areas_m2, Fraction(0)), unit)


_MAX_TEXT = 60
_FIGURE = re.compile(r"(?P<number>[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)(?P<unit>[^0-9.,+-][^.,]*|)")
_UNIT_WORDS: dict[str, AreaUnit] = {
    "m2": AreaUnit.M2,
    "平方米": AreaUnit.M2,
    "平米": AreaUnit.M2,
    "mu": AreaUnit.MU,
    "亩": AreaUnit.MU,
    "ha": AreaUnit.HA,
    "公顷": AreaUnit.HA,
    "km2": AreaUnit.KM2,
    "平方公里": AreaUnit.KM2,
    "平方千米": AreaUnit.KM2,
    "万m2": AreaUnit.WAN_M2,
    "万平方米": AreaUnit.WAN_M2,
    "万平米": AreaUnit.WAN_M2,
}  # NFKC turns m², ㎡ and km² into these


def _half_up(value: Fraction) -> int:
    whole = (abs(value.numerator) * 2 + value.denominator) // (2 * value.denominator)
    return whole if value >= 0 else -whole


def _invalid(reason: str) -> LedgerError:
    return LedgerError(Code.VALUE_INVALID, reason=reason)
