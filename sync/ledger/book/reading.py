"""One entry's JSON to one fact: a reader for each kind of entry, without checking again what admission has checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from sys import intern
from typing import Any

import shapely

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
)
from schemas.entries import Kind
from schemas.errors import LedgerError
from schemas.geometry import E9
from schemas.register_fields import check_register
from schemas.standing import Fact, Standing
from sync.ledger.book.days import day_start_ms
from sync.ledger.book.facts import (
    BaselinePart,
    Check,
    CheckedArea,
    Decision,
    LandClass,
    Parcel,
    PlannedGreen,
    ProjectRow,
    QuotaStep,
    RectificationStep,
    RegisterRow,
    Resolved,
    Said,
    Survey,
    TargetLine,
    ThirdPartyFinding,
    UnitRow,
    Version,
)
from sync.ledger.book.photos_packed import PackedPhotos

Json = Mapping[str, Any]
Outlines = Mapping[str, Any]
"""Made outlines of an entry by where they stand: `footprint`, `geometry`, `baseline 0`."""

_INSPECTED = frozenset(InspectionKind)


@lru_cache(maxsize=100_000)
def day(text: str) -> date:
    """The date that an entry's text names."""
    return date.fromisoformat(text)


def geometries(entry: Json) -> Iterator[tuple[str, Json]]:
    """Every geometry in an entry with the place where it stands."""
    body = entry["body"]
    name = "footprint" if entry["kind"] == Kind.INSPECTION else "geometry"
    found = body.get(name)
    if found is not None:
        yield name, found
    if entry["kind"] == Kind.PARCEL:
        for number, part in enumerate(body["baseline"]):
            if part["geometry"] is not None:
                yield f"baseline {number}", part["geometry"]


def link(entry: Json, about: tuple[str, ...], before: str | None) -> Fact:
    """What the standing of a record reads of an entry in its thread, which came after `before`."""
    body = entry["body"]
    kind = entry["kind"]
    return Fact(
        id=entry["id"],
        kind=kind,
        about=about,
        supersedes=before,
        outcome=body["outcome"] if kind == Kind.REVIEW else None,
        set_aside=tuple(body["set_aside"]) if kind == Kind.RESOLUTION else (),
    )


def thread_fact(
    said: Said, about: tuple[str, ...], entry: Json, outlines: Outlines
) -> Version | Decision | Resolved | None:
    """The fact in an entry of a thread; None for a visit that could not be done (无法完成), which claims nothing."""
    body = entry["body"]
    kind = entry["kind"]
    if kind == Kind.REVIEW:
        return Decision(said, about, ReviewOutcome(body["outcome"]), body["reason"])
    if kind == Kind.WITHDRAWAL:
        return Decision(said, about, None, body["cause"])
    if kind == Kind.RESOLUTION:
        return Resolved(said, about, Discrepancy(body["discrepancy"]), body["outcome"], body["reason"])
    if body["facts"]["type"] not in _INSPECTED:
        return None
    return _version(said, about, entry, outlines)


def _version(said: Said, about: tuple[str, ...], entry: Json, outlines: Outlines) -> Version:
    body = entry["body"]
    facts = body["facts"]
    get = facts.get
    fix, head = body["fix"], entry["checkpoint"]
    return Version(
        said=said,
        record=said.entry,
        kind=InspectionKind(facts["type"]),
        parcels=about,
        observed_ms=entry["observed_at"]["ms"],
        known_ms=None if head is None else head["at_ms"],
        standing=Standing.SUBMITTED,
        in_force=False,
        device=intern(entry["device"]),
        supersedes=entry["supersedes"],
        photos_complete=not body["photos"],
        outline=outlines.get("footprint"),
        area_source=_maybe(AreaSource, body["area_source"]),
        claimed_e2=body["claimed_area_e2"],
        land_freed=_maybe(LandFreed, get("land_freed")),
        site_cleared=bool(get("site_cleared")),
        structures=tuple(map(intern, get("structures") or ())),
        floor_area_e2=get("floor_area_e2"),
        outcome=_maybe(RegreeningOutcome, get("outcome")),
        observed_class=_class(get("class_system"), get("observed_class")),
        planted_on=_maybe(day, get("planted_on")),
        survival_percent_e2=get("survival_percent_e2"),
        facility=get("facility"),
        facility_class=get("facility_class"),
        condition=get("condition"),
        item=get("item"),
        first_seen_on=_maybe(day, get("first_seen_on")),
        photos=PackedPhotos(body["photos"]) if body["photos"] else (),
        position=None if fix is None else (fix["lon_e9"] / E9, fix["lat_e9"] / E9),
        position_accuracy_m=None if fix is None else _per_thousand(fix["accuracy_mm"]),
    )


def _parcel(said: Said, about: tuple[str, ...], entry: Json, outlines: Outlines) -> Parcel:
    body = entry["body"]
    outline = outlines.get("geometry") or shapely.Polygon()
    return Parcel(
        id=intern(body["ledger_no"]),
        said=said,
        outline=outline,
        baseline=tuple(_part(part, outlines, number, outline) for number, part in enumerate(body["baseline"])),
        planned_land_area_e2=body["planned_land_area_e2"],
        planned_class=body["planned_class"],
        owner_type=body["owner_type"],
        project=body["project"],
        name=body["name"],
        baseline_on=day(body["baseline_on"]),
        valid_from=day(body["valid_from"]),
        valid_to=_maybe(day, body["valid_to"]),
    )


def _part(part: Json, outlines: Outlines, number: int, whole: Any) -> BaselinePart:
    """A part without a geometry is the whole parcel and shares its outline, which saves the cut."""
    made = whole if part["geometry"] is None else outlines.get(f"baseline {number}") or shapely.Polygon()
    return BaselinePart(
        land_class=LandClass(CodeSystem(part["class_system"]), part["class_code"]),
        outline=made,
        initial_state=_maybe(LandState, part["initial_state"]),
        initial_class=_class(part["class_system"], part["initial_class"]),
        as_of_ms=None if part["as_of"] is None else day_start_ms(day(part["as_of"])),
    )


def _project(said: Said, about: tuple[str, ...], entry: Json, outlines: Outlines) -> ProjectRow:
    body = entry["body"]
    parcels, deadline = tuple(body["parcels"]), _maybe(day, body["deadline"])
    return ProjectRow(said, body["project"], body["name"], parcels, body["phase"], deadline)


def _target(said: Said, about: tuple[str, ...], entry: Json, outlines: Outlines) -> TargetLine:
    body = entry["body"]
    return TargetLine(
        said, said.unit, body["parent_unit"], Measure(body["measure"]), body["year"], body["value_e2"], body["phase"]
    )


def _unit(said: Said, about: tuple[str, ...], entry: Json, outlines: Outlines) -> UnitRow:
    body = entry["body"]
    return UnitRow(
        said=said,
        id=body["unit_id"],
        name=body["name"],
        belt=body["belt"],
        districts=tuple(body["districts"]),
        outline=outlines.get("geometry"),
        valid_from=day(body["valid_from"]),
        valid_to=_maybe(day, body["valid_to"]),
    )


def _survey(said: Said, about: tuple[str, ...], entry: Json, outlines: Outlines) -> Survey | None:
    return Survey(said, about[0], entry["body"]["year"], _areas(entry["body"])) if about else None


def _quota(said: Said, about: tuple[str, ...], entry: Json, outlines: Outlines) -> QuotaStep:
    body = entry["body"]
    return QuotaStep(
        said=said,
        quota=body["quota"],
        step=body["step"],
        land_e2=body["land_e2"],
        floor_area_e2=body["floor_area_e2"],
        used_e2=body["used_e2"],
        condition=body["condition"],
        condition_demolished_e2=body["condition_demolished_e2"],
        demolition_parcels=tuple(body["demolition_parcels"]),
        outline=outlines.get("geometry"),
    )


def _green(said: Said, about: tuple[str, ...], entry: Json, outlines: Outlines) -> PlannedGreen:
    body = entry["body"]
    outline = outlines.get("geometry") or shapely.Polygon()
    return PlannedGreen(said, body["target"], outline, body["planned_class"], body["blocker"])


def _check(said: Said, about: tuple[str, ...], entry: Json, outlines: Outlines) -> Check:
    body = entry["body"]
    return Check(
        said=said,
        kind=entry["kind"],
        parcels=about,
        supersedes=entry["supersedes"],
        document_no=body["document_no"],
        document_on=day(body["document_on"]),
        areas=_areas(body),
        outline=outlines.get("geometry"),
        passed=body["outcome"] == "passed",
    )


def _register(said: Said, about: tuple[str, ...], entry: Json, outlines: Outlines) -> RegisterRow:
    body = entry["body"]
    try:
        fields = check_register(body["subtype"], body["fields"])
    except LedgerError:  # said at the desk, past the import that would have refused it: a row that says nothing
        fields = None
    return RegisterRow(said, body["subtype"], body["row"], day(body["on"]), about, outlines.get("geometry"), fields)


def _finding(said: Said, about: tuple[str, ...], entry: Json, outlines: Outlines) -> ThirdPartyFinding:
    body = entry["body"]
    return ThirdPartyFinding(said, about, body["verdict"], body["area_e2"], body["sample"])


def _rectification(said: Said, about: tuple[str, ...], entry: Json, outlines: Outlines) -> RectificationStep:
    """The order is the first entry of it that the step names, or the step itself where it issues one."""
    body = entry["body"]
    order = said.entry if body["step"] == "issued" else (entry["supersedes"] or (about[0] if about else said.entry))
    return RectificationStep(said, order, about, body["step"], _maybe(day, body["due_on"]))


Reader = Callable[[Said, tuple[str, ...], Json, Outlines], Any]

READERS: dict[str, Reader] = {
    Kind.PARCEL: _parcel,
    Kind.PROJECT: _project,
    Kind.TARGET: _target,
    Kind.UNIT: _unit,
    Kind.SURVEY_RESULT: _survey,
    Kind.NEW_BUILD_QUOTA: _quota,
    Kind.GREEN_TARGET: _green,
    Kind.FIRST_CHECK: _check,
    Kind.ACCEPTANCE: _check,
    Kind.REGISTER: _register,
    Kind.FINDING: _finding,
    Kind.RECTIFICATION: _rectification,
}
"""Readers of the kinds outside records' threads. Kinds without one (tasks, gaps, devices) say nothing of land."""

FIELDS: dict[str, type[Any]] = {
    "parcels": Parcel,
    "resolutions": Resolved,
    "checks": Check,
    "surveys": Survey,
    "targets": TargetLine,
    "projects": ProjectRow,
    "units": UnitRow,
    "quotas": QuotaStep,
    "planned_green": PlannedGreen,
    "registers": RegisterRow,
    "findings": ThirdPartyFinding,
    "rectifications": RectificationStep,
}
"""Which facts stand in which field of a `Book`."""


def _areas(body: Json) -> tuple[CheckedArea, ...]:
    return tuple(
        CheckedArea(LandClass(CodeSystem(area["class_system"]), area["class_code"]), area["area_e2"])
        for area in body["areas"]
    )


def _class(system: str | None, code: str | None) -> LandClass | None:
    return None if system is None or code is None else LandClass(CodeSystem(system), code)


def _maybe(read: Callable[[str], Any], value: str | None) -> Any:
    return None if value is None else read(value)


def _per_thousand(value: int | None) -> float | None:
    return None if value is None else value / 1000
