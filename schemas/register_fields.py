"""What a row of the register says: one model per subtype. `Register` in `ledger_bodies.py` holds row, date and place.

Parcels that a row speaks of stand in the entry's `about`; its outline is the register's `geometry`. Areas end in `_e2`:
hundredths of m².
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, JsonValue, StrictBool, StrictInt, ValidationError

from schemas.body_fields import AreaE2, Body, Day, LandClassCode, Short, Text, Year
from schemas.codes import (
    CaseState,
    CodeSystem,
    FacilityClass,
    FacilityCondition,
    OverlayKind,
    Programme,
    ReuseKind,
    StockKind,
    TransferMeasure,
)
from schemas.entries import first_fault
from schemas.errors import Code, LedgerError
from schemas.ids import Sha256, Subject, UnitId

MAX_FORM_TEXT = 240_000
"""Most characters of a form and its files together, compressed: an entry has 256 KiB (`MAX_ENTRY_BYTES`)."""


class Structure(Body):
    """建(构)筑物: a structure to be demolished; `case_state` is what the authority reports (M06, domain §3.4)."""

    category: Short
    stock: StockKind
    programme: Programme | None
    case_state: CaseState | None
    floor_area_e2: AreaE2 | None
    land_area_e2: AreaE2 | None
    first_seen_on: Day | None
    demolished_on: Day | None
    owner_type: Short | None
    parcel: Subject | None


class FacilityRow(Body):
    """设施: a public facility, where it belongs and by when it is due (M27-M32, domain §1.5)."""

    name: Short | None
    facility_class: FacilityClass
    item: Short | None
    condition: FacilityCondition | None
    village: Subject | None
    park: Subject | None
    target_on: Day | None


class Park(Body):
    """公园: `reclaimed_eligible` is the denominator of the share on reclaimed water (再生水, M30)."""

    name: Short
    kind: Short | None
    stage: Short | None
    area_e2: AreaE2 | None
    reclaimed_eligible: StrictBool
    reclaimed_in_use: StrictBool


class VillageService(Body):
    """A service that a village has; `visiting` where it comes by turns instead of standing there (M31)."""

    facility_class: FacilityClass
    visiting: StrictBool


class Village(Body):
    """村: the services that reach it, and its state in the office's words (M31, M32)."""

    name: Short
    services: Annotated[list[VillageService], Field(max_length=100)]
    state: Text | None


class Milestone(Body):
    """计划节点: a step of a plan with its date (M05); `phase` is that of the three-year plan (M33)."""

    project: Subject | None
    title: Short
    due_on: Day
    done_on: Day | None
    phase: Short | None


class Overlay(Body):
    """叠加图层: what lies over parcels (M25, M26); for a belt the name is G1 or G2."""

    overlay: OverlayKind
    class_system: CodeSystem | None
    class_code: LandClassCode | None
    name: Short | None


class Transfer(Body):
    """跨单元调剂: an agreement between two units; the city's total stays as it is (M18)."""

    from_unit: UnitId
    to_unit: UnitId
    measure: TransferMeasure
    year: Year
    area_e2: AreaE2
    document: Short


class GreenTaken(Body):
    """占用绿地: green space taken (M12); without an area that of the geometry counts."""

    area_e2: AreaE2 | None
    class_system: CodeSystem | None
    class_code: LandClassCode | None
    document: Short | None


class Exclusion(Body):
    """剔除: the parcel in `about` is formally taken out of its project (M04)."""

    reason: Short
    document: Short | None


class Satisfaction(Body):
    """满意度: a survey's score of a unit, apart from all areas (M17)."""

    score_e2: Annotated[StrictInt, Field(ge=0, le=10_000, description="hundredths of a point of 100")]
    survey: Short
    year: Year


class Reuse(Body):
    """再利用: an approved use of the cleared land in `about` (ledger rules §1 `reuse`, M22)."""

    class_system: CodeSystem
    class_code: LandClassCode
    permit: Short
    reuse_kind: ReuseKind | None


class ImportHead(Body):
    """导入批次: heads the chain of an import; the file by its hash, the mapping by its edition, and what was parked."""

    kind: Short
    file_sha256: Sha256
    file_bytes: Annotated[StrictInt, Field(ge=0)]
    baseline_sha256: Sha256 | None
    mapping_edition: Short
    mapping_sha256: Sha256
    software: Short
    new: Annotated[StrictInt, Field(ge=0)]
    changed: Annotated[StrictInt, Field(ge=0)]
    unchanged: Annotated[StrictInt, Field(ge=0)]
    parked: Annotated[StrictInt, Field(ge=0)]


class FormFile(Body):
    """A file that was published with a form. `deflated` is its content: zlib, then base64."""

    name: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f/\\\\]{1,120}$")]
    sha256: Sha256
    deflated: Annotated[str, Field(max_length=MAX_FORM_TEXT)]


class PublishedForm(Body):
    """表单版本: a form frozen for use in the field. `xml` is the XForm, zlib then base64, and `xml_sha256` its hash;
    `hash` covers the XForm and the names and hashes of its files, and is what a record names as its form's."""

    form_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,80}$")]
    version: Annotated[str, Field(min_length=1, max_length=40)]
    title: Short
    ledger_kind: Short
    hash: Sha256
    xml: Annotated[str, Field(max_length=MAX_FORM_TEXT)]
    xml_sha256: Sha256
    media: Annotated[list[FormFile], Field(max_length=50)]


REGISTER_FIELDS: Mapping[str, type[Body]] = {
    "structure": Structure,
    "facility": FacilityRow,
    "park": Park,
    "village": Village,
    "milestone": Milestone,
    "overlay": Overlay,
    "transfer": Transfer,
    "green_taken": GreenTaken,
    "exclusion": Exclusion,
    "satisfaction": Satisfaction,
    "reuse": Reuse,
    "import": ImportHead,
    "form": PublishedForm,
}
"""The model of each subtype."""


def check_register(subtype: str, fields: Mapping[str, JsonValue]) -> Body | None:
    """The typed fields of a register row; None for a subtype that has no model.

    Raises LedgerError(BODY_INVALID) naming the field at fault.
    """
    model = REGISTER_FIELDS.get(subtype)
    if model is None:
        return None
    try:
        return model.model_validate(dict(fields))
    except ValidationError as error:
        raise LedgerError(Code.BODY_INVALID, where=f"fields.{first_fault(error)}") from error


def register_schemas() -> dict[str, dict[str, Any]]:
    """A JSON Schema for the fields of each subtype, under the names of the exported files."""
    return {f"register.{subtype}.1": model.model_json_schema() for subtype, model in sorted(REGISTER_FIELDS.items())}
