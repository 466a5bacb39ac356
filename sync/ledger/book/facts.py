"""What the ledger reads of the log, typed: parcels, versions of records, and what offices said. Facts, no verdicts.

`builder.py` makes these of log rows; a scenario file or a benchmark makes them directly. Outlines are shapely
geometries in EPSG:4490 degrees, longitude first, valid, polygon parts only; areas in hundredths of m² (`_e2`) are those
that a person entered; instants are Unix milliseconds. Days are Beijing dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from shapely.geometry.base import BaseGeometry

from schemas.codes import (
    AreaSource,
    CodeSystem,
    Discrepancy,
    InspectionKind,
    LandFreed,
    LandState,
    Measure,
    RegreeningOutcome,
    ReviewOutcome,
    Shot,
)
from schemas.standing import Standing


@dataclass(frozen=True, slots=True)
class Said:
    """Who said a fact, and where it stands in the log: `seq` is its row, `role` the author's role at that time."""

    entry: str
    seq: int
    received_ms: int
    author: str
    role: str | None
    unit: str


class LandClass(NamedTuple):
    """A land class (地类): a code means nothing without its system."""

    system: CodeSystem
    code: str


@dataclass(frozen=True, slots=True)
class BaselinePart:
    """A part of a parcel with its class before the plan; `initial_state` is land cleared or restored before the
    ledger."""

    land_class: LandClass
    outline: BaseGeometry
    initial_state: LandState | None = None
    initial_class: LandClass | None = None
    as_of_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """图斑: the row of a parcel that holds at the state date. `id` is its number in the ledger."""

    id: str
    said: Said
    outline: BaseGeometry
    baseline: tuple[BaselinePart, ...]
    planned_land_area_e2: int | None = None
    planned_class: str | None = None
    owner_type: str | None = None
    project: str | None = None
    name: str | None = None
    baseline_on: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def unit(self) -> str:
        """The implementation unit in its row."""
        return self.said.unit


@dataclass(frozen=True, slots=True)
class PhotoFact:
    """A photo that a record lists, as read at the shutter."""

    sha256: str
    shot: Shot
    taken_ms: int
    lon_deg: float | None
    lat_deg: float | None
    accuracy_m: float | None
    heading_deg: float | None
    in_app: bool


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a record (巡查记录): a demolition, re-greening, facility visit or sighting, as entered.

    `observed_ms` is as the device said it; the log proves only that it lies between `known_ms` (when central signed
    the last checkpoint that the device had seen; None: it had seen none) and `said.received_ms`. `photos_complete`:
    central holds every hash, byte for byte. `standing` is this version's, by `schemas.standing.stand`; `in_force`
    means the approved version of its record that counts, before photos and blocking discrepancies are asked.
    """

    said: Said
    record: str
    kind: InspectionKind
    parcels: tuple[str, ...]
    observed_ms: int
    known_ms: int | None
    standing: Standing
    in_force: bool
    device: str = ""
    supersedes: str | None = None
    photos_complete: bool = True
    outline: BaseGeometry | None = None
    area_source: AreaSource | None = None
    claimed_e2: int | None = None
    land_freed: LandFreed | None = None
    site_cleared: bool = False
    structures: tuple[str, ...] = ()
    floor_area_e2: int | None = None
    outcome: RegreeningOutcome | None = None
    observed_class: LandClass | None = None
    planted_on: date | None = None
    survival_percent_e2: int | None = None
    facility: str | None = None
    facility_class: str | None = None
    condition: str | None = None
    item: str | None = None
    first_seen_on: date | None = None
    photos: Sequence[PhotoFact] = ()
    position: tuple[float, float] | None = None
    position_accuracy_m: float | None = None

    @property
    def id(self) -> str:
        """The entry's id."""
        return self.said.entry


@dataclass(frozen=True, slots=True)
class Decision:
    """A review, or a withdrawal (`outcome` None), of a version; `counts` False on a branch or where it needed the
    district. `record` is the thread that it stands in, None while none is known."""

    said: Said
    about: tuple[str, ...]
    outcome: ReviewOutcome | None
    reason: str | None
    counts: bool = True
    record: str | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """A `resolution` (差异处理) of the district about one or more entries or parcels."""

    said: Said
    about: tuple[str, ...]
    code: Discrepancy
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class CheckedArea:
    """An area of one class in a document."""

    land_class: LandClass
    area_e2: int


@dataclass(frozen=True, slots=True)
class Check:
    """A first check (初验) or an acceptance (验收认定) of the parcels it is about; `kind` is the entry's kind."""

    said: Said
    kind: str
    parcels: tuple[str, ...]
    supersedes: str | None
    document_no: str
    document_on: date
    areas: tuple[CheckedArea, ...]
    outline: BaseGeometry | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """土地变更调查: what the survey of a year found on a parcel."""

    said: Said
    parcel: str
    year: int
    areas: tuple[CheckedArea, ...]


@dataclass(frozen=True, slots=True)
class TargetLine:
    """减量目标: one measure of one unit (or district, belt, city by its code) and year; hundredths of m²."""

    said: Said
    unit: str
    parent_unit: str | None
    measure: Measure
    year: int
    value_e2: int
    phase: str | None


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """减量腾退项目."""

    said: Said
    id: str
    name: str
    parcels: tuple[str, ...]
    phase: str | None
    deadline: date | None


@dataclass(frozen=True, slots=True)
class UnitRow:
    """实施单元 as imported, beside the reference data; its boundary may be missing."""

    said: Said
    id: str
    name: str
    belt: str | None
    districts: tuple[str, ...]
    outline: BaseGeometry | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class QuotaStep:
    """周转指标: a released step of new building, its condition and the old land linked to it."""

    said: Said
    quota: str
    step: int
    land_e2: int
    floor_area_e2: int | None
    used_e2: int
    condition: str | None
    condition_demolished_e2: int | None
    demolition_parcels: tuple[str, ...]
    outline: BaseGeometry | None


@dataclass(frozen=True, slots=True)
class PlannedGreen:
    """未实现规划绿色空间: planned green and what blocks it."""

    said: Said
    id: str
    outline: BaseGeometry
    planned_class: str | None
    blocker: str | None


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A row of a register; `fields` is the typed model of its subtype (`schemas.register_fields`)."""

    said: Said
    subtype: str
    row: str
    on: date
    parcels: tuple[str, ...]
    outline: BaseGeometry | None
    fields: Any


@dataclass(frozen=True, slots=True)
class ThirdPartyFinding:
    """第三方核查 on a sampled record or parcel."""

    said: Said
    about: tuple[str, ...]
    verdict: str
    area_e2: int | None
    sample: str | None


@dataclass(frozen=True, slots=True)
class RectificationStep:
    """整改: a step of an order; `order` is the order's first entry."""

    said: Said
    order: str
    about: tuple[str, ...]
    step: str
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Repair:
    """An outline that had to be made valid: of which entry, which outline (`geometry`, `baseline 2`), and why."""

    entry: str
    where: str
    reason: str


@dataclass(frozen=True)
class Book:
    """All facts up to a log position. Of rows that replace one another (parcels, targets, registers) all are kept, in
    order of the log; who asks for a state date picks the row that holds then."""

    position: int
    parcels: tuple[Parcel, ...] = ()
    versions: tuple[Version, ...] = ()
    decisions: tuple[Decision, ...] = ()
    resolutions: tuple[Resolved, ...] = ()
    checks: tuple[Check, ...] = ()
    surveys: tuple[Survey, ...] = ()
    targets: tuple[TargetLine, ...] = ()
    projects: tuple[ProjectRow, ...] = ()
    units: tuple[UnitRow, ...] = ()
    quotas: tuple[QuotaStep, ...] = ()
    planned_green: tuple[PlannedGreen, ...] = ()
    registers: tuple[RegisterRow, ...] = ()
    findings: tuple[ThirdPartyFinding, ...] = ()
    rectifications: tuple[RectificationStep, ...] = ()
    repairs: tuple[Repair, ...] = ()
