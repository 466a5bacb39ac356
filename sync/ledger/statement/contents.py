"""The verification report (减量核验报告, domain §5.5) as data: what XLSX, HTML, JSON and the checker of a report show.

Areas named `_m2` are exact `Fraction`s of a square metre, unrounded; whoever shows one rounds it once. A ratio is an
exact `Fraction`, None where its divisor is 0. Nothing here is formatted or translated. `assembly.py` makes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from schemas.codes import LandState
from schemas.reference import Editions
from sync.ledger.book.facts import LandClass
from sync.ledger.statement.field_sections import (
    AwaitingChange,
    Coverage,
    DiscrepancyCount,
    ExcludedParcel,
    FacilityStatus,
    ImportRow,
    Lags,
    ReclaimedWater,
    Relapse,
    SampleResult,
    Score,
    Sighting,
    StructureStock,
)
from sync.ledger.statement.plan_sections import (
    GreenBalance,
    MilestoneRow,
    OwnerResidue,
    PhaseRow,
    PlannedGreenRow,
    ProjectStatus,
    QuotaStatus,
    Ratios,
    ReuseShares,
    TargetGap,
    TargetRow,
    TransferRow,
)
from sync.ledger.statement.unit_figures import FigureRow, Level, Period, Stock


@dataclass(frozen=True)
class CheckpointMark:
    """The signed tree head under which the figures stand; whoever writes the report fills it in."""

    size: int
    root: str
    key: str = ""


@dataclass(frozen=True)
class Header:
    """Section 1: what was counted, when, from which part of the log, by which editions. `scope` is as in
    `admin_units.units_within`; `position` is the last log row that counts."""

    scope: str
    period: Period
    position: int
    editions: Editions
    admin_edition: str
    checkpoint: CheckpointMark | None = None
    software: str = ""
    fictional: bool = False
    """演示数据·虚构 must stand on every sheet and page."""


@dataclass(frozen=True)
class ClassShare:
    """An area of one land class; None is ground without one."""

    land_class: LandClass | None
    area_m2: Fraction


@dataclass(frozen=True)
class ChainLink:
    """A step in the decision chain of a parcel (M09): an entry, its kind, who made it and what it decided."""

    entry: str
    kind: str
    author: str
    role: str | None
    received_ms: int
    outcome: str
    document_no: str = ""


@dataclass(frozen=True)
class ParcelRow:
    """Section 3, a row of the annex. `near` is its place to 0.01 degrees, no finer (longitude, latitude)."""

    parcel: str
    name: str | None
    unit: str
    near: tuple[Fraction, Fraction] | None
    owner_type: str | None
    project: str | None
    stock: Stock
    claimed_gfa_m2: Fraction
    claimed_cleared_m2: Fraction
    claimed_restored_m2: Fraction
    baseline: tuple[ClassShare, ...]
    restored: tuple[ClassShare, ...]
    cleared_on: date | None
    restored_on: date | None
    accepted_on: date | None
    chain: tuple[ChainLink, ...]
    photo_hashes: tuple[str, ...]
    excluded: str | None = None


@dataclass(frozen=True)
class FlowCell:
    """A cell of the flow matrix: ground of class `before` that is now in `state`, as class `now`."""

    before: LandClass | None
    state: LandState
    now: LandClass | None
    area_m2: Fraction


@dataclass(frozen=True)
class Restated:
    """Section 11: a figure of the last report that reads otherwise now. `figure` is its path, e.g. `stock.accepted_m2`;
    `cause` is `edition`, `late` (facts that arrived since) or `position`."""

    level: Level
    code: str
    figure: str
    before_m2: Fraction
    now_m2: Fraction
    cause: str


@dataclass(frozen=True)
class Statement:
    """A whole report. Rows stand in order of level, then code; lists in order of unit, then their own key."""

    header: Header
    rows: tuple[FigureRow, ...]
    annex: Sequence[ParcelRow]
    """Made row by row as it is read: a report of 200,000 parcels need not hold them all."""
    flow_matrix: tuple[FlowCell, ...] = ()
    ratios: tuple[Ratios, ...] = ()
    quotas: tuple[QuotaStatus, ...] = ()
    green_balance: tuple[GreenBalance, ...] = ()
    planned_green: tuple[PlannedGreenRow, ...] = ()
    targets: tuple[TargetRow, ...] = ()
    target_gaps: tuple[TargetGap, ...] = ()
    phases: tuple[PhaseRow, ...] = ()
    phase_faults: tuple[TargetRow, ...] = ()
    """Targets in no phase, or in more than one."""
    transfers: tuple[TransferRow, ...] = ()
    lags: Lags = field(default_factory=Lags)
    relapses: tuple[Relapse, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    structures: tuple[StructureStock, ...] = ()
    facilities: tuple[FacilityStatus, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    reclaimed_water: tuple[ReclaimedWater, ...] = ()
    scores: tuple[Score, ...] = ()
    imports: tuple[ImportRow, ...] = ()
    excluded: tuple[ExcludedParcel, ...] = ()
    restated: tuple[Restated, ...] = ()
    edition_changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Table -> (edition of the last report, edition now): such figures are restated, not compared."""
    reuse: tuple[ReuseShares, ...] = ()
    owners: tuple[OwnerResidue, ...] = ()
    projects: tuple[ProjectStatus, ...] = ()
    milestones: tuple[MilestoneRow, ...] = ()
    awaiting_change: tuple[AwaitingChange, ...] = ()
    sample: SampleResult | None = None
    discrepancies: tuple[DiscrepancyCount, ...] = ()

    def row(self, level: Level, code: str) -> FigureRow:
        """The row of a unit, township, district or belt; the city is `row(Level.CITY, "city")`. KeyError for none."""
        for one in self.rows:
            if one.level is level and one.code == code:
                return one
        raise KeyError(f"{level}:{code}")
