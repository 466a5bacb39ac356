"""What each kind of entry carries: one model per kind and schema version, the register of them, and their JSON Schemas.

Here stand the kinds of field and desk; `ledger_bodies.py` has those of the ledger's offices, `body_fields.py` what they
are made of. Names of owners or residents have no field anywhere: the task does not need them (PIPL, domain §3.9).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, StrictBool, StrictInt, ValidationError

from schemas.body_fields import AreaE2, Body, Day, Fix, LandClassCode, Photo, Short, Text
from schemas.codes import (
    AreaSource,
    CodeSystem,
    Discrepancy,
    FacilityClass,
    FacilityCondition,
    LandFreed,
    Programme,
    RegreeningOutcome,
    ReviewOutcome,
)
from schemas.entries import Entry, Instant, Kind, first_fault
from schemas.errors import Code, LedgerError
from schemas.geometry import Geometry
from schemas.ids import AccountId, DeviceId, EntryId, KeyId, PublicKey, Sha256, Subject
from schemas.ledger_bodies import (
    Acceptance,
    FirstCheck,
    GreenTarget,
    NewBuildQuota,
    Parcel,
    Project,
    Register,
    SurveyResult,
    Target,
    Unit,
)
from schemas.register_fields import check_register, register_schemas

FormId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,80}$")]


class FormVersion(Body):
    """The form that a record was filled with; a version stays usable for the records begun with it."""

    id: FormId
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


class SiteCheck(Body):
    """专项核查: a check such as that of greenhouses (大棚房) or rented rooms (群租房), named by its form.

    Counts stand in the answers, no verdict and nobody's name (domain §3.6). It moves no land.
    """

    type: Literal["site_check"]
    check: FormId


class CannotBeDone(Body):
    """无法完成: a lawful outcome of a visit, with its reason (domain §4)."""

    type: Literal["cannot_be_done"]
    reason: Short


class Inspection(Body):
    """巡查记录: one filled form about one subject, with footprint, answers, photos and position."""

    form: FormVersion
    facts: Annotated[
        Demolition | Regreening | Facility | NewBuildSighting | SiteCheck | CannotBeDone, Field(discriminator="type")
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
        checked = model.model_validate(body)
    except ValidationError as error:
        raise LedgerError(Code.BODY_INVALID, where=first_fault(error)) from error
    if isinstance(checked, Register):
        check_register(checked.subtype, checked.fields)
    return checked


def json_schemas() -> dict[str, dict[str, Any]]:
    """A JSON Schema for every kind and version, for the fields of every register subtype, and for the envelope, under
    the names of the exported files."""
    schemas = {f"{kind}.{version}": model.model_json_schema() for (kind, version), model in sorted(BODIES.items())}
    return schemas | register_schemas() | {"entry": Entry.model_json_schema(by_alias=True)}
