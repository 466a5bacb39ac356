"""Sections of a report about what was seen and filed: lags, relapses, sightings, facilities, imports, samples.

Areas are exact `Fraction`s of m², unrounded; a ratio is None where its divisor is 0 (`contents.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from schemas.codes import CaseState, FacilityClass, FacilityCondition, StockKind


@dataclass(frozen=True)
class DayBin:
    """Ground by days: from `from_days` on, below `below_days` (None: no end)."""

    from_days: int
    below_days: int | None
    area_m2: Fraction


@dataclass(frozen=True)
class Lags:
    """Section 6: days from clearing to restoration of what was restored in the period, and how long pending ground has
    waited at its end. `undated_m2` is ground cleared before the ledger, nobody says when."""

    restored: tuple[DayBin, ...] = ()
    waiting: tuple[DayBin, ...] = ()
    median_days: int | None = None
    """Days within which half of the dated ground that was restored in the period was restored."""
    undated_m2: Fraction = Fraction(0)


@dataclass(frozen=True)
class Relapse:
    """回潮: ground of a parcel that had been cleared or further and was built on or buried again in the period."""

    parcel: str
    unit: str
    entry: str
    on: date
    area_m2: Fraction


@dataclass(frozen=True)
class Sighting:
    """疑似新增建设 of the period; `outside_m2` lies on no parcel of the ledger (D05)."""

    entry: str
    unit: str
    on: date
    parcels: tuple[str, ...]
    area_m2: Fraction
    outside_m2: Fraction


@dataclass(frozen=True)
class StructureStock:
    """建(构)筑物 of a unit (M06): stock and new cases are counted apart, so that a new one never hides."""

    unit: str
    stock: StockKind
    count: int
    open: int
    open_floor_area_m2: Fraction
    new_in_period: int
    demolished_in_period: int
    demolished_floor_area_m2: Fraction
    oldest_open_days: int | None
    cases: Mapping[CaseState, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FacilityStatus:
    """Section 9: facilities of a class by condition (设施现状); `unknown` nobody has visited or reported."""

    unit: str
    facility_class: FacilityClass
    conditions: Mapping[FacilityCondition, int]
    unknown: int
    overdue: int


@dataclass(frozen=True)
class Coverage:
    """Villages that a class of service reaches (M31); `visiting` is served by turns, `without` are those with none."""

    unit: str
    facility_class: FacilityClass
    villages: int
    standing: int
    visiting: int
    without: tuple[str, ...]

    @property
    def ratio(self) -> Fraction | None:
        """Share of villages that are served, by whichever way."""
        return Fraction(self.standing + self.visiting, self.villages) if self.villages else None


@dataclass(frozen=True)
class ReclaimedWater:
    """Parks on reclaimed water (再生水, M30): the divisor is the *eligible* parks and is shown."""

    unit: str
    parks: int
    eligible: int
    in_use: int

    @property
    def ratio(self) -> Fraction | None:
        """Share of the eligible parks."""
        return Fraction(self.in_use, self.eligible) if self.eligible else None


@dataclass(frozen=True)
class Score:
    """群众满意度 (M17): points of 100; never part of an area."""

    unit: str
    survey: str
    year: int
    points: Fraction


@dataclass(frozen=True)
class ImportRow:
    """Section 10: a batch of imports, what it brought, and the rows that found no place."""

    entry: str
    kind: str
    on: date
    file_sha256: str
    new: int
    changed: int
    unchanged: int
    parked: int


@dataclass(frozen=True)
class ExcludedParcel:
    """A parcel formally taken out of its project (M04)."""

    parcel: str
    unit: str
    on: date
    reason: str
    document: str | None


@dataclass(frozen=True)
class AwaitingChange:
    """验收后未变更 (M07): accepted ground that the survey does not show as changed yet, with its age."""

    parcel: str
    unit: str
    accepted_m2: Fraction
    registered_m2: Fraction
    accepted_on: date
    days: int
    surveyed_year: int | None


@dataclass(frozen=True)
class SampleResult:
    """Section 7: third-party checks (M16): `ratio_low`, `ratio_high` is the 95 % interval of the share found wrong."""

    checked: int
    wrong: int
    ratio_low: float
    ratio_high: float
    orders_open: int
    orders_overdue: int


@dataclass(frozen=True)
class DiscrepancyCount:
    """Section 4: discrepancies of a code and unit by state; whoever finds discrepancies fills these in."""

    code: str
    unit: str
    open: int
    closed: int
    oldest_open_days: int | None
    refused_m2: Fraction
