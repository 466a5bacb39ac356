"""The bodies of what offices say: the rows of the reduction ledger (台账), targets, surveys, checks and acceptances."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StrictInt

from schemas.body_fields import AreaE2, Body, Day, LandClassCode, Short, SignedAreaE2, Text, Year
from schemas.codes import Belt, CodeSystem, LandState, Measure, UnitKind
from schemas.geometry import Geometry
from schemas.ids import Sha256, Subject, UnitId


class BaselinePart(Body):
    """A part of a parcel with its class before the plan; without a geometry it is the whole parcel.

    `initial_state` is land cleared or restored before the ledger began (ledger rules §1).
    """

    class_system: CodeSystem
    class_code: LandClassCode
    geometry: Geometry | None
    initial_state: LandState | None
    initial_class: LandClassCode | None
    as_of: Day | None
    document: Short | None


class Parcel(Body):
    """图斑: a row of the reduction ledger (减量空间数据台账) with geometry, baseline and plan."""

    ledger_no: Subject
    name: Short | None
    geometry: Geometry
    baseline: Annotated[list[BaselinePart], Field(max_length=500)]
    baseline_on: Day
    planned_land_area_e2: AreaE2 | None
    planned_class: LandClassCode | None
    owner_type: Short | None
    project: Subject | None
    valid_from: Day
    valid_to: Day | None


class Project(Body):
    """减量腾退项目: parcels, phase, deadline."""

    project: Subject
    name: Short
    parcels: Annotated[list[Subject], Field(max_length=5000)]
    phase: Short | None
    deadline: Day | None


class Target(Body):
    """减量目标: one measure of one unit and year; `phase` is that of the three-year plan (三年行动计划, M33)."""

    measure: Measure
    year: Year
    value_e2: SignedAreaE2
    parent_unit: UnitId | None
    phase: Short | None


class Unit(Body):
    """实施单元: an implementation unit with its validity, belt and managing body."""

    unit_id: UnitId
    name: Short
    kind: UnitKind
    belt: Belt | None
    districts: Annotated[list[Short], Field(max_length=16)]
    managing_body: Short | None
    aliases: Annotated[list[Short], Field(max_length=50)]
    geometry: Geometry | None
    predecessors: Annotated[list[UnitId], Field(max_length=20)]
    valid_from: Day
    valid_to: Day | None


class ClassArea(Body):
    """An area of one land class."""

    class_system: CodeSystem
    class_code: LandClassCode
    area_e2: AreaE2


class SurveyResult(Body):
    """土地变更调查: what the survey of a year found on a parcel."""

    year: Year
    areas: Annotated[list[ClassArea], Field(min_length=1, max_length=100)]
    document: Short | None


class NewBuildQuota(Body):
    """周转指标: a released step of new building, its condition, and the old land that it is linked to (M10, M19).

    `condition_demolished_e2` is the verified demolition that must be reached before this step is released. A parcel
    stands in `demolition_parcels` of one quota only; the import refuses a second one.
    """

    quota: Subject
    step: Annotated[StrictInt, Field(ge=1)]
    land_e2: AreaE2
    floor_area_e2: AreaE2 | None
    used_e2: AreaE2
    condition: Text | None
    condition_demolished_e2: AreaE2 | None
    demolition_parcels: Annotated[list[Subject], Field(max_length=5000)]
    geometry: Geometry | None


class GreenTarget(Body):
    """未实现规划绿色空间: planned green, what is realised, what blocks it."""

    target: Subject
    geometry: Geometry
    planned_class: LandClassCode | None
    blocker: Text | None


class CheckedAreas(Body):
    """What a check says of a parcel: document, date and areas by class."""

    document_no: Short
    document_on: Day
    document_sha256: Sha256 | None
    areas: Annotated[list[ClassArea], Field(max_length=100)]
    geometry: Geometry | None
    outcome: Literal["passed", "failed"]


class FirstCheck(CheckedAreas):
    """初验: the district's check."""


class Acceptance(CheckedAreas):
    """验收认定: the city's determination."""


class Register(Body):
    """Everything else that has a row and a date; the fields of each subtype stand in `register_fields.py`."""

    subtype: Literal[
        "structure", "facility", "park", "village", "milestone", "overlay", "transfer", "green_taken", "exclusion",
        "satisfaction", "reuse", "import", "form",
    ]  # fmt: skip
    row: Subject
    on: Day
    geometry: Geometry | None
    fields: dict[str, JsonValue]
