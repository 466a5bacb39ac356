"""What each kind of entry carries: one model per kind and schema version, the register of them, and their JSON Schemas.

Whole numbers and text only (areas in hundredths of m², `_e2`; degrees × 1e9; headings in hundredths of a degree).
Names of owners or residents have no field here: the task does not need them (PIPL, domain §3.9).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool, StrictInt, ValidationError

from schemas.codes import (
    AreaSource,
    Belt,
    CodeSystem,
    Discrepancy,
    FacilityClass,
    FacilityCondition,
    LandFreed,
    LandState,
    Programme,
    RegreeningOutcome,
    ReviewOutcome,
    Shot,
    UnitKind,
)
from schemas.entries import Instant, Kind, first_fault
from schemas.errors import Code, LedgerError
from schemas.geometry import MAX_LAT_E9, MAX_LON_E9, Geometry
from schemas.ids import AccountId, DeviceId, EntryId, KeyId, PublicKey, Sha256, Subject, UnitId

Text = Annotated[str, Field(max_length=2000)]
Short = Annotated[str, Field(min_length=1, max_length=200)]
AreaE2 = Annotated[StrictInt, Field(ge=0, le=10**13, description="hundredths of m²; at most 1,000 km²")]
SignedAreaE2 = Annotated[StrictInt, Field(ge=-(10**13), le=10**13, description="hundredths of m²")]
Day = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", description="Beijing date")]
LandClassCode = Annotated[str, Field(pattern=r"^[0-9]{2}[0-9A-Z]{0,3}K?$")]
LonE9 = Annotated[StrictInt, Field(ge=-MAX_LON_E9, le=MAX_LON_E9)]
LatE9 = Annotated[StrictInt, Field(ge=-MAX_LAT_E9, le=MAX_LAT_E9)]


class Body(BaseModel):
    """Base of all bodies: frozen, no unknown fields; numbers and flags are strict one by one."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fix(Body):
    """A position as the device reported it, WGS-84. What a browser does not measure is null, never 0 or false."""

    lon_e9: LonE9
    lat_e9: LatE9
    accuracy_mm: Annotated[StrictInt, Field(ge=0, le=10**9)] | None
    provider: Annotated[str, Field(max_length=40)] | None
    mocked: StrictBool | None
    gnss_ms: Annotated[StrictInt, Field(ge=0)] | None


class Photo(Body):
    """A photo that an entry lists: its hash is its name; the rest are facts read at the shutter (domain §3.1)."""

    sha256: Sha256
    bytes: Annotated[StrictInt, Field(ge=1, le=26_214_400)]
    shot: Shot
    taken_at: Instant
    monotonic_ms: Annotated[StrictInt, Field(ge=0)] | None
    fix: Fix | None
    heading_e2: Annotated[StrictInt, Field(ge=0, lt=36_000)] | None
    in_app: StrictBool


class FormVersion(Body):
    """The form that a record was filled with; a version stays usable for the records begun with it."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,80}$")]
    version: Annotated[str, Field(min_length=1, max_length=40)]
    hash: Sha256 | None


class Demolition(Body):
    """拆除腾退: what the ledger reads of a demolition (ledger rules §1)."""

    type: Literal["demolition"]
    land_freed: LandFreed
    site_cleared: StrictBool
    structures: Annotated[list[Subject], Field(max_length=500)]
    floor_area_e2: AreaE2 | None
    programme: Programme | None


class Regreening(Body):
    """还绿: the class is what stands there, not what was planned."""

    type: Literal["regreening"]
    outcome: RegreeningOutcome
    observed_class: LandClassCode | None
    class_system: CodeSystem | None
    planted_on: Day | None
    survival_percent_e2: Annotated[StrictInt, Field(ge=0, le=10_000)] | None


class Facility(Body):
    """设施现状: class, item and condition of a public facility."""

    type: Literal["facility"]
    facility: Subject | None
    facility_class: FacilityClass
    item: Short | None
    condition: FacilityCondition


class NewBuildSighting(Body):
    """疑似新增建设: a fact seen, never a verdict."""

    type: Literal["new_build_sighting"]
    first_seen_on: Day | None


class CannotBeDone(Body):
    """无法完成: a lawful outcome of a visit, with its reason (domain §4)."""

    type: Literal["cannot_be_done"]
    reason: Short


class Inspection(Body):
    """巡查记录: one filled form about one subject, with footprint, answers, photos and position."""

    form: FormVersion
    facts: Annotated[
        Demolition | Regreening | Facility | NewBuildSighting | CannotBeDone, Field(discriminator="type")
    ]
    footprint: Geometry | None
    area_source: AreaSource | None
    claimed_area_e2: AreaE2 | None
    fix: Fix | None
    photos: Annotated[list[Photo], Field(max_length=60)]
    answers: dict[str, JsonValue]
    started_at: Instant | None


class FieldRemark(Body):
    """A reviewer's remark about one field of the form."""

    field: Annotated[str, Field(min_length=1, max_length=200)]
    text: Annotated[str, Field(min_length=1, max_length=500)]


class Review(Body):
    """审核: approve, return for correction (退回) or reject, with reason code and text for the last two."""

    outcome: ReviewOutcome
    reason: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}$")] | None
    text: Text | None
    fields: Annotated[list[FieldRemark], Field(max_length=50)]


class Withdrawal(Body):
    """撤回: takes an entry out of force, with the cause; nothing is deleted."""

    cause: Short


class Resolution(Body):
    """差异处理: closes a discrepancy; for a branch (D26) it names the heads given up for the one it supersedes."""

    discrepancy: Discrepancy
    outcome: Literal["upheld", "explained", "corrected", "dismissed"]
    reason: Short
    document: Short | None
    set_aside: Annotated[list[EntryId], Field(max_length=50)]


class GapClosed(Body):
    """编号注销: numbers `first` to `last` of a device are lost for good."""

    device: DeviceId
    first: Annotated[StrictInt, Field(ge=1)]
    last: Annotated[StrictInt, Field(ge=1)]
    cause: Short


class DeviceChange(Body):
    """设备登记与处置: what central's chain says of keys and devices, so that signatures can be checked by the log
    alone."""

    action: Literal["enrol", "freeze", "thaw", "revoke", "admit", "restore"]
    device: DeviceId
    account: AccountId | None
    public_key: PublicKey | None
    key: KeyId | None
    cause: Short
    entries: Annotated[list[Sha256], Field(max_length=10_000)]


class Evidence(Body):
    """照片到齐: central holds every photo that the entry in `about` lists, each checked byte for byte."""

    photos: Annotated[list[Sha256], Field(min_length=1, max_length=60)]
    bytes: Annotated[StrictInt, Field(ge=1)]


class BaselinePart(Body):
    """A part of a parcel with its class before the plan; `initial_state` is land cleared or restored before the
    ledger."""

    class_system: CodeSystem
    class_code: LandClassCode
    geometry: Geometry
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
    """减量目标: one measure of one unit and year."""

    measure: Short
    year: Annotated[StrictInt, Field(ge=1949, le=2200)]
    value_e2: SignedAreaE2
    parent_unit: UnitId | None


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

    year: Annotated[StrictInt, Field(ge=1949, le=2200)]
    areas: Annotated[list[ClassArea], Field(min_length=1, max_length=100)]
    document: Short | None


class NewBuildQuota(Body):
    """周转指标: a released step of new building, and its condition."""

    quota: Subject
    step: Annotated[StrictInt, Field(ge=1)]
    land_e2: AreaE2
    floor_area_e2: AreaE2 | None
    used_e2: AreaE2
    condition: Text | None
    geometry: Geometry | None


class GreenTarget(Body):
    """未实现规划绿色空间: planned green, what is realised, what blocks it."""

    target: Subject
    geometry: Geometry
    planned_class: LandClassCode | None
    blocker: Text | None


class Task(Body):
    """任务: who visits what by when."""

    assignee: AccountId
    due_on: Day | None
    text: Text | None
    closed: StrictBool


class Finding(Body):
    """第三方核查: an independent finding on a sampled record or parcel."""

    verdict: Literal["confirmed", "partly", "not_confirmed", "not_checked"]
    area_e2: AreaE2 | None
    text: Text
    photos: Annotated[list[Photo], Field(max_length=60)]
    sample: Subject | None


class Rectification(Body):
    """整改: an order and its steps; `order` names the first entry of the order."""

    step: Literal["issued", "answered", "rechecked", "closed", "repeated"]
    text: Text
    due_on: Day | None
    photos: Annotated[list[Photo], Field(max_length=60)]


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
    """Everything else that has a row and a date; the fields of each subtype are checked by the import (part 2)."""

    subtype: Literal[
        "structure", "facility", "park", "village", "milestone", "overlay", "transfer", "green_taken", "exclusion",
        "satisfaction", "form",
    ]  # fmt: skip
    row: Subject
    on: Day
    geometry: Geometry | None
    fields: dict[str, JsonValue]


BODIES: dict[tuple[str, int], type[Body]] = {
    (Kind.INSPECTION, 1): Inspection,
    (Kind.REVIEW, 1): Review,
    (Kind.FIRST_CHECK, 1): FirstCheck,
    (Kind.ACCEPTANCE, 1): Acceptance,
    (Kind.PARCEL, 1): Parcel,
    (Kind.PROJECT, 1): Project,
    (Kind.TARGET, 1): Target,
    (Kind.UNIT, 1): Unit,
    (Kind.SURVEY_RESULT, 1): SurveyResult,
    (Kind.NEW_BUILD_QUOTA, 1): NewBuildQuota,
    (Kind.GREEN_TARGET, 1): GreenTarget,
    (Kind.TASK, 1): Task,
    (Kind.FINDING, 1): Finding,
    (Kind.RECTIFICATION, 1): Rectification,
    (Kind.WITHDRAWAL, 1): Withdrawal,
    (Kind.RESOLUTION, 1): Resolution,
    (Kind.GAP_CLOSED, 1): GapClosed,
    (Kind.REGISTER, 1): Register,
    (Kind.DEVICE, 1): DeviceChange,
    (Kind.EVIDENCE, 1): Evidence,
}
_KINDS = {kind for kind, _ in BODIES}


def check_body(kind: str, schema: int, body: dict[str, JsonValue]) -> Body:
    """The typed body. Raises LedgerError: KIND_UNKNOWN, SCHEMA_UNKNOWN, BODY_INVALID naming the field, or a
    geometry's own."""
    model = BODIES.get((kind, schema))
    if model is None:
        if kind in _KINDS:
            raise LedgerError(Code.SCHEMA_UNKNOWN, kind=kind, schema=schema)
        raise LedgerError(Code.KIND_UNKNOWN, kind=kind)
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise LedgerError(Code.BODY_INVALID, where=first_fault(error)) from error


def json_schemas() -> dict[str, dict[str, Any]]:
    """A JSON Schema for every kind and version, and for the envelope, under the names of the exported files."""
    from schemas.entries import Entry

    schemas = {f"{kind}.{version}": model.model_json_schema() for (kind, version), model in sorted(BODIES.items())}
    return schemas | {"entry": Entry.model_json_schema(by_alias=True)}
