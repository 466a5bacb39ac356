"""From what a tablet has pulled to the rows of its lists (`device_lists.py`): parcels, structures, facilities, places.

Only what a form needs on site. Areas come from whoever measures outlines and states from the ledger's answers; nothing
is computed here, and what is not known is left empty.
"""

from __future__ import annotations

from collections.abc import Iterable

from forms.device_lists import area_row
from schemas.codes import CodeSystem
from schemas.land_classes import CountingRule, counting_rule
from schemas.ledger_bodies import Parcel
from schemas.register_fields import FacilityRow, Park, Structure, Village

Row = dict[str, str]


def parcel_row(
    parcel: Parcel,
    unit: str,
    area_m2: float,
    structures: Iterable[Structure] = (),
    state: str = "",
    counting: CountingRule | None = None,
) -> Row:
    """A parcel. Its programme is that of its structures, where they agree; the planned kind follows the planned class.

    `state` is the ledger's word for how it stands, shown to the person and read by nobody else.
    """
    programmes = {each.programme for each in structures if each.programme is not None}
    planned = parcel.planned_class or ""
    rule = counting or counting_rule()
    kind = rule.restoration_kind(CodeSystem.THIRD_LAND_SURVEY, planned) if planned else None
    classes = dict.fromkeys(part.class_code for part in parcel.baseline)
    row = area_row(
        parcel.ledger_no, area_m2, unit=unit, state=state, baseline_class=" ".join(classes), planned_class=planned,
        planned_kind=kind.value if kind else "",
        programme=programmes.pop().value if len(programmes) == 1 else "", project=parcel.project or "",
    )  # fmt: skip
    return row | {"label": f"{parcel.ledger_no} {parcel.name}" if parcel.name else parcel.ledger_no}


def structure_row(name: str, structure: Structure) -> Row:
    """A structure (建筑物) with its areas as the office gave them."""
    return {
        "name": name, "label": f"{name} {structure.category}", "parcel": structure.parcel or "",
        "floor_area_m2": _m2(structure.floor_area_e2), "land_area_m2": _m2(structure.land_area_e2),
    }  # fmt: skip


def facility_row(name: str, facility: FacilityRow, condition: str = "") -> Row:
    """A facility; `condition` as last inspected, else as the office gave it."""
    said = facility.condition.value if facility.condition else ""
    return {
        "name": name, "label": facility.name or name, "facility_class": facility.facility_class.value,
        "item": facility.item or "", "condition": condition or said, "place": facility.village or facility.park or "",
    }  # fmt: skip


def place_row(name: str, place: Park | Village) -> Row:
    """A park or a village."""
    return {"name": name, "label": place.name, "kind": "park" if isinstance(place, Park) else "village"}


def _m2(area_e2: int | None) -> str:
    return "" if area_e2 is None else f"{area_e2 // 100}.{area_e2 % 100:02d}"
