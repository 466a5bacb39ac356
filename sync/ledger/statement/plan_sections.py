"""Sections of a report about plans: targets, quotas, balances, transfers, projects, milestones, what is left to do.

Areas are exact `Fraction`s of m², unrounded; a ratio is None where its divisor is 0 (`contents.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from schemas.codes import Measure, ReuseKind, TransferMeasure
from sync.ledger.statement.unit_figures import Level


@dataclass(frozen=True)
class Ratios:
    """拆占比 and 拆建比 up to the state date (M10): None where nothing new was approved."""

    level: Level
    code: str
    demolished_land_m2: Fraction
    new_land_m2: Fraction
    demolished_floor_area_m2: Fraction
    new_floor_area_m2: Fraction

    @property
    def land_ratio(self) -> Fraction | None:
        """拆占比: demolished land / new land."""
        return self.demolished_land_m2 / self.new_land_m2 if self.new_land_m2 else None

    @property
    def floor_area_ratio(self) -> Fraction | None:
        """拆建比: demolished floor area / new floor area."""
        return self.demolished_floor_area_m2 / self.new_floor_area_m2 if self.new_floor_area_m2 else None


@dataclass(frozen=True)
class QuotaStatus:
    """A release step (分步释放指标, M19). `open_m2` is what may be used of it: nothing while it is locked.

    `linked_twice` are parcels that an earlier quota holds already: they count for that one only.
    """

    entry: str
    unit: str
    quota: str
    step: int
    condition: str | None
    condition_m2: Fraction
    verified_m2: Fraction
    released: bool
    land_m2: Fraction
    floor_area_m2: Fraction
    used_m2: Fraction
    linked_twice: tuple[str, ...]
    used_so_far_m2: Fraction = Fraction(0)
    """Used of this step and all earlier ones of its quota."""

    @property
    def open_m2(self) -> Fraction:
        """Land of this step that may be used."""
        return self.land_m2 if self.released else Fraction(0)

    @property
    def over_used_m2(self) -> Fraction:
        """Land used beyond what is released: D21."""
        return max(Fraction(0), self.used_m2 - self.open_m2)

    @property
    def uncovered_m2(self) -> Fraction:
        """Land used by the quota up to this step beyond the verified demolition linked to it: D21."""
        return max(Fraction(0), self.used_so_far_m2 - self.verified_m2)


@dataclass(frozen=True)
class GreenBalance:
    """绿色空间占补平衡 of a unit in the period (M12); below 0 is D22."""

    level: Level
    code: str
    taken_m2: Fraction
    added_m2: Fraction

    @property
    def balance_m2(self) -> Fraction:
        """Added less taken."""
        return self.added_m2 - self.taken_m2


@dataclass(frozen=True)
class PlannedGreenRow:
    """未实现规划绿色空间 (M11): planned less the union of what is realised, each m² once."""

    id: str
    unit: str
    planned_m2: Fraction
    realised_m2: Fraction
    blocker: str | None

    @property
    def unrealised_m2(self) -> Fraction:
        """What is still to come."""
        return self.planned_m2 - self.realised_m2


@dataclass(frozen=True)
class TargetRow:
    """A target of one unit, measure and year, and what was reached of it. `phases` should be exactly one (M33)."""

    entries: tuple[str, ...]
    unit: str
    parent: str | None
    measure: Measure
    year: int
    value_m2: Fraction
    reached_m2: Fraction
    phases: tuple[str, ...]

    @property
    def open_m2(self) -> Fraction:
        """What is still missing; below 0 where more was done."""
        return self.value_m2 - self.reached_m2


@dataclass(frozen=True)
class TargetGap:
    """减量指标逐层分解 (M02): a parent's target less the sum of its children's; not 0 is D30."""

    parent: str
    measure: Measure
    year: int
    parent_m2: Fraction
    children_m2: Fraction
    children: tuple[str, ...]
    entries: tuple[str, ...]

    @property
    def gap_m2(self) -> Fraction:
        """Parent less children."""
        return self.parent_m2 - self.children_m2


@dataclass(frozen=True)
class PhaseRow:
    """A phase of the 三年行动计划 (M33): targets and milestones in it."""

    phase: str
    measure: Measure
    target_m2: Fraction
    reached_m2: Fraction
    targets: int


@dataclass(frozen=True)
class TransferRow:
    """跨单元调剂 (M18) counted in the period; `flaw` says why one does not count, if so."""

    row: str
    from_unit: str
    to_unit: str
    measure: TransferMeasure
    year: int
    area_m2: Fraction
    document: str
    flaw: str = ""


@dataclass(frozen=True)
class ReuseShares:
    """Cleared land by what it is used for (M22): kinds and idle ground add up to `cleared_m2`. `unnamed_m2` is used,
    but no row says what for."""

    level: Level
    code: str
    cleared_m2: Fraction
    kinds_m2: Mapping[ReuseKind, Fraction]
    unnamed_m2: Fraction
    idle_m2: Fraction


@dataclass(frozen=True)
class OwnerResidue:
    """What is left to reduce by type of owner (M24); None is a parcel without one, which there should be none of."""

    owner_type: str | None
    parcels: int
    base_m2: Fraction
    verified_m2: Fraction

    @property
    def residue_m2(self) -> Fraction:
        """B that is not verified yet."""
        return self.base_m2 - self.verified_m2


@dataclass(frozen=True)
class ProjectStatus:
    """减量腾退项目 (M04, M35): complete only when every parcel is accepted or formally excluded."""

    project: str
    name: str
    phase: str | None
    deadline: date | None
    parcels: int
    accepted: int
    excluded: int
    unknown: tuple[str, ...]
    base_m2: Fraction
    verified_m2: Fraction
    accepted_m2: Fraction
    overdue: bool

    @property
    def ratio(self) -> Fraction:
        """Share of parcels that are done; 1 only when all are."""
        return Fraction(self.accepted + self.excluded, self.parcels) if self.parcels else Fraction(0)


@dataclass(frozen=True)
class MilestoneRow:
    """计划节点 (M05); `late_days` from the day after `due_on` until it was done, or until the state date."""

    row: str
    unit: str
    project: str | None
    title: str
    phase: str | None
    due_on: date
    done_on: date | None
    late_days: int
