"""Land scenarios (`main.py scenario FILE`): a small file of parcels and records with their status, folded by the rules.

The format is that of the recorded cases (tests/cases/land/README.md). A scenario says of each record whether it is
approved or held, so discrepancies are listed and hold nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import shapely
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from schemas.codes import AreaSource, CodeSystem, LandFreed, LandState, RegreeningOutcome
from schemas.entries import first_fault
from schemas.errors import Code, LedgerError
from schemas.rules import rules
from sync.ledger.book.facts import BaselinePart, LandClass, Parcel, Said
from sync.ledger.discrepancies.asked import Asked, AskedOfLand
from sync.ledger.discrepancies.finding import in_order
from sync.ledger.discrepancies.sentences import sentence
from sync.ledger.discrepancies.table import before_fold, on_land
from sync.ledger.land.classes import NO_CLASS, ClassTable
from sync.ledger.land.events import EventKind, Force, LandEvent
from sync.ledger.land.figures import ParcelFigures, parcel_figures
from sync.ledger.land.layout import Land, lay_out, local_plane
from sync.ledger.land.plane import polygonal, to_plane

BEIJING = timezone(timedelta(hours=8))
END_OF_TIME_MS = 253_402_300_799_999
MAX_BYTES = 64 * 1024 * 1024
_SYSTEM = CodeSystem.THIRD_LAND_SURVEY


_MOST_M2 = 10**11
_FIRST_YEAR = 1900
_FARTHEST = 1e8
"""Farther from the origin of any plane in metres no parcel lies; beyond, areas lose their square centimetres."""
_Area = Annotated[Decimal, Field(ge=0, le=_MOST_M2)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class _Part(_Row):
    land_class: str = Field(alias="class")
    geometry: dict[str, JsonValue]
    initial_state: LandState | None = None
    initial_class: str | None = None
    as_of: date | None = None


class _Parcel(_Row):
    id: str
    unit: str = ""
    geometry: dict[str, JsonValue]
    baseline: list[_Part] = []
    planned_land_area_m2: _Area | None = None


class _Record(_Row):
    id: str
    kind: str
    unit: str = ""
    parcels: list[str] = []
    status: str
    held: bool = False
    area_source: AreaSource = AreaSource.SURVEYED
    observed_at: datetime
    geometry: dict[str, JsonValue] | None = None
    site_cleared: bool = False
    land_freed: LandFreed = LandFreed.PART
    claimed_area_m2: _Area = Decimal(0)
    demolished_gfa_m2: _Area = Decimal(0)
    outcome: RegreeningOutcome | None = None
    observed_class: str | None = None
    planted_on: date | None = None
    land_class: str | None = Field(default=None, alias="class")
    supersedes: str | None = None
    author: str | None = None
    project: str | None = None


class _File(_Row):
    crs: str | int = "local"
    state_date: datetime | None = None
    parcels: list[_Parcel]
    records: list[_Record]


@dataclass(frozen=True)
class Scenario:
    """A scenario laid out, with the figures at its state date."""

    land: Land
    figures: ParcelFigures
    state_ms: int | None
    """The state date that the file names, if it names one."""


def read_scenario(path: Path) -> Scenario:
    """Read and fold a scenario file. Raises LedgerError: FILE_TOO_LARGE, VALUE_INVALID naming the field, a geometry's
    or a class's own."""
    if path.stat().st_size > MAX_BYTES:
        raise LedgerError(Code.VALUE_INVALID, reason=f"larger than {MAX_BYTES} bytes")
    try:
        file = _File.model_validate(json.loads(path.read_bytes()))
    except ValidationError as error:
        raise LedgerError(Code.BODY_INVALID, where=first_fault(error)) from error
    except (ValueError, RecursionError) as error:
        raise LedgerError(Code.VALUE_INVALID, reason="not JSON in UTF-8") from error
    place = _placing(file.crs)
    classes = ClassTable.of()
    parcels = [_parcel(number, row, place) for number, row in enumerate(file.parcels)]
    events = [_event(row, place, classes) for row in file.records]
    project = local_plane if file.crs == "local" else to_plane
    land = lay_out(parcels, events, classes, project=project)
    state_ms = None if file.state_date is None else _ms(file.state_date)
    return Scenario(land, parcel_figures(land, END_OF_TIME_MS if state_ms is None else state_ms), state_ms)


def figures_json(scenario: Scenario) -> dict[str, Any]:
    """The figures of each parcel as the recorded cases have them: m², rounded once to 0.01."""
    land, figures = scenario.land, scenario.figures
    by_class: dict[int, dict[str, float]] = {number: {} for number in range(len(land.parcels))}
    restored = figures.restored
    for parcel, land_class, area in zip(restored.parcel, restored.land_class, restored.area_m2, strict=True):
        by_class[int(parcel)][land.classes.code(int(land_class))] = _m2(area)
    claims = figures.claims
    return {
        parcel.id: {
            "parcel_m2": _m2(figures.area_m2[n]),
            "states_m2": {state.value: _m2(figures.states_m2[n, s]) for s, state in enumerate(LandState)},
            "restored_by_class_m2": by_class[n],
            "pending_m2": _m2(figures.pending_m2[n]),
            "green_not_reducing_m2": _m2(figures.green_not_reducing_m2[n]),
            "reused_m2": _m2(figures.reused_m2[n]),
            "verified_m2": _m2(figures.verified_m2[n]),
            "held_m2": _m2(figures.held_m2[n]),
            "contested_m2": _m2(figures.contested_m2[n]),
            "claimed_cleared_m2": int(claims.cleared_e2[n]) / 100,
            "claimed_restored_m2": int(claims.restored_e2[n]) / 100,
            "claimed_gfa_m2": int(claims.gfa_e2[n]) / 100,
        }
        for n, parcel in enumerate(land.parcels)
    }


def _parcel(number: int, row: _Parcel, place: Callable[[dict[str, Any]], shapely.Geometry | None]) -> Parcel:
    outline = place(row.geometry)
    parts = tuple(
        BaselinePart(
            LandClass(_SYSTEM, part.land_class),
            place(part.geometry),
            part.initial_state,
            LandClass(_SYSTEM, part.initial_class) if part.initial_class else None,
            _ms(datetime.combine(part.as_of, time(), BEIJING)) if part.as_of else None,
        )
        for part in row.baseline
    )
    planned = None if row.planned_land_area_m2 is None else _e2(row.planned_land_area_m2)
    return Parcel(row.id, Said(row.id, number + 1, 0, "", None, row.unit), outline, parts, planned)


def _event(row: _Record, place: Callable[[dict[str, Any]], shapely.Geometry | None], classes: ClassTable) -> LandEvent:
    kind, early = _kind(row)
    named = row.land_class if kind is EventKind.REUSE else row.observed_class
    admitted = row.area_source in rules().values.admitted_area_sources
    return LandEvent(
        id=row.id,
        record=row.id,
        kind=kind,
        force=_force(row, admitted),
        at_ms=_ms(row.observed_at),
        unit=row.unit,
        units=frozenset({row.unit}),
        author=row.author or "",
        parcels=tuple(row.parcels),
        outline=None if row.geometry is None else place(row.geometry),
        class_index=classes.index(LandClass(_SYSTEM, named)) if named else NO_CLASS,
        claimed_e2=_e2(row.claimed_area_m2),
        floor_area_e2=_e2(row.demolished_gfa_m2),
        area_source=row.area_source,
        decided=row.status != "submitted",
        early=early,
        supersedes=row.supersedes,
    )


def _force(row: _Record, admitted: bool) -> Force:
    # `withdrawn` is a withdrawal that took effect; whether one may is judged on the log, not here (rules §2).
    if row.status in ("dismissed", "withdrawn"):
        return Force.NONE
    if row.status != "approved":
        return Force.ADVERSE
    return Force.FULL if admitted and not row.held else Force.HELD


def _kind(row: _Record) -> tuple[EventKind, bool]:
    """The row of the table, and whether a `passed` came too early to count (rules §2)."""
    if row.kind == "demolition":
        if row.land_freed is LandFreed.NONE:
            return EventKind.NO_LAND, False
        return (EventKind.DEMOLITION_CLEARED if row.site_cleared else EventKind.DEMOLITION_NOT_CLEARED), False
    if row.kind == "regreening":
        if row.outcome is None or (row.outcome is RegreeningOutcome.PASSED and not row.observed_class):
            raise LedgerError(Code.BODY_INVALID, where=f"{row.id[:40]}: outcome, and the class of what passed")
        if row.outcome is RegreeningOutcome.WORKS_DONE:
            return EventKind.WORKS_DONE, False
        if row.outcome is RegreeningOutcome.FAILED:
            return EventKind.REGREENING_FAILED, False
        days = rules().values.waiting_period_days
        early = row.planted_on is not None and (row.observed_at.astimezone(BEIJING).date() - row.planted_on).days < days
        return (EventKind.WORKS_DONE if early else EventKind.REGREENING_PASSED), early
    if row.kind == "reuse":
        return EventKind.REUSE, False
    if row.kind == "new_build":
        return EventKind.NEW_BUILD, False
    raise LedgerError(Code.KIND_UNKNOWN, kind=row.kind[:32])


def _placing(crs: str | int) -> Callable[[dict[str, Any]], shapely.Geometry | None]:
    """A reader of GeoJSON outlines that gives EPSG:4490 degrees, or plane metres as they are for `local`."""
    if crs == "local":
        return _outline
    try:
        source = CRS.from_user_input(crs if isinstance(crs, str) and ":" in crs else int(crs))
        onto = Transformer.from_crs(source, CRS.from_epsg(4490), always_xy=True)
    except (CRSError, ValueError) as error:
        raise LedgerError(Code.VALUE_INVALID, reason=f"unknown coordinate system {str(crs)[:40]}") from error

    def placed(geometry: dict[str, Any]) -> shapely.Geometry | None:
        made = shapely.transform(_outline(geometry), lambda x, y: onto.transform(x, y), interleaved=False)
        if not np.isfinite(shapely.get_coordinates(made)).all():
            raise LedgerError(Code.COORDINATE_OUT_OF_RANGE, where="scenario")
        return made

    return placed


def _outline(geometry: dict[str, Any]) -> shapely.Geometry | None:
    try:
        read = shapely.from_geojson(json.dumps(geometry))
    except (shapely.GEOSException, ValueError) as error:
        raise LedgerError(Code.GEOMETRY_INVALID, reason="not a GeoJSON geometry") from error
    if read is None or read.geom_type not in ("Polygon", "MultiPolygon"):
        raise LedgerError(Code.GEOMETRY_INVALID, reason="neither Polygon nor MultiPolygon")
    if not (np.abs(shapely.get_coordinates(read)) <= _FARTHEST).all():
        raise LedgerError(Code.COORDINATE_OUT_OF_RANGE, where="scenario")
    made = polygonal(np.array([shapely.force_2d(read)], dtype=object))[0]
    if made is None:
        raise LedgerError(Code.GEOMETRY_INVALID, reason="no area")
    return made


def _ms(at: datetime) -> int:
    if at.year < _FIRST_YEAR:
        raise LedgerError(Code.VALUE_INVALID, reason=f"before the year {_FIRST_YEAR}")
    aware = at if at.tzinfo else at.replace(tzinfo=BEIJING)
    return round(aware.timestamp() * 1000)


def _e2(m2: Decimal) -> int:
    return int((m2 * 100).to_integral_value())


def _m2(area: float) -> float:
    return round(float(area), 2) + 0.0


def scenario_findings(scenario: Scenario) -> list[dict[str, Any]]:
    """The discrepancies of a scenario, as its answer lists them: code, records, parcel, figures and sentences.

    A scenario has no photos, reviews or times of receipt, so checks that need them stay silent; without a state date
    nothing has an age.
    """
    asked = Asked.of_land(scenario.land, scenario.figures, scenario.state_ms)
    both = before_fold(asked) + on_land(AskedOfLand(asked, scenario.land, scenario.figures))
    return [
        {
            "code": one.code.value,
            "records": list(one.entries),
            "parcel": one.parcels[0] if one.parcels else None,
            "parcels": list(one.parcels),
            "scope": one.scope.value,
            "checked": one.checked,
            "figures": dict(one.figures),
            "zh": sentence(one, "zh"),
            "en": sentence(one, "en"),
        }
        for one in in_order(both)
    ]
