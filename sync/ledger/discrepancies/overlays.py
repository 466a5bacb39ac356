"""Restoration and building against what lies over the parcels: farmland, red line, protection zone, plan (D28)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely

from schemas.codes import CodeSystem, Discrepancy, OverlayKind, RestorationKind
from schemas.errors import LedgerError
from schemas.register_fields import Overlay
from sync.ledger.book.days import day_of
from sync.ledger.book.facts import LandClass, RegisterRow
from sync.ledger.book.holding import register_on
from sync.ledger.discrepancies.asked import AskedOfLand
from sync.ledger.discrepancies.finding import Finding, found
from sync.ledger.discrepancies.site import is_live
from sync.ledger.land.classes import NO_CLASS, ClassTable
from sync.ledger.land.events import EventKind, LandEvent
from sync.ledger.land.plane import Geometries

_CHECKED = frozenset({EventKind.REGREENING_PASSED, EventKind.REUSE, EventKind.NEW_BUILD})

_ALLOWED = {
    OverlayKind.PERMANENT_FARMLAND: frozenset({RestorationKind.FARMLAND}),
    OverlayKind.ECOLOGICAL_REDLINE: frozenset({RestorationKind.FOREST, RestorationKind.GRASS, RestorationKind.WATER}),
}
"""Kinds of restoration that agree with an overlay (M25, [P]); building agrees with none of them."""


def protected_overlay(asked: AskedOfLand) -> Iterator[Finding]:
    """D28: what was restored, built or reused conflicts with permanent farmland, the red line or a protection zone over
    it, or a restored class is of another kind than the class planned there (M25, M26, M29); more than `sliver_m2`.

    One finding an event, parcel and overlay kind. Belts are D06's.
    """
    yield from _against_layers(asked)
    yield from _against_plan(asked)


def _against_layers(asked: AskedOfLand) -> Iterator[Finding]:
    land, records = asked.land, asked.records
    if records.at_ms is None:
        return
    rows = [
        row
        for row in register_on(records.book, "overlay", day_of(records.at_ms))
        if row.outline is not None and row.fields.overlay is not OverlayKind.BELT
    ]
    if not rows or not len(land.pairs):
        return
    outlines = records.project(_array([row.outline for row in rows]))
    pairs = _pairs(asked)
    under, over = shapely.STRtree(outlines).query(land.event_outlines[land.pairs.event[pairs]], predicate="intersects")
    conflicts: dict[tuple[int, OverlayKind], list[int]] = {}
    for number, layer in sorted(zip(under.tolist(), over.tolist(), strict=True)):
        pair = int(pairs[number])
        fields = rows[layer].fields
        if _conflicts(land.events[int(land.pairs.event[pair])], fields, land.classes):
            conflicts.setdefault((pair, fields.overlay), []).append(layer)
    for (pair, kind), layers in conflicts.items():
        event = land.events[int(land.pairs.event[pair])]
        ground = shapely.intersection(
            land.event_outlines[int(land.pairs.event[pair])], land.plane_outlines[int(land.pairs.parcel[pair])]
        )
        area = float(shapely.area(shapely.intersection(ground, shapely.union_all(outlines[layers]))))
        if area >= records.values.sliver_m2:
            yield _finding(asked, pair, event, kind.value, area, [rows[layer] for layer in layers])


def _against_plan(asked: AskedOfLand) -> Iterator[Finding]:
    """The class planned in the parcel's own row."""
    land = asked.land
    for pair in _pairs(asked).tolist():
        event = land.events[int(land.pairs.event[pair])]
        planned = land.parcels[int(land.pairs.parcel[pair])].planned_class
        if event.kind is not EventKind.REGREENING_PASSED or planned is None:
            continue
        if _other_kind(event.class_index, _index(land.classes, planned), land.classes):
            start, end = np.searchsorted(land.ground.parcel, [land.pairs.parcel[pair], land.pairs.parcel[pair] + 1])
            pieces = np.arange(start, end)
            inside = land.ground.inside(pieces, np.full(len(pieces), land.pairs.layer[pair]))
            area = float(land.ground.area_m2[pieces[inside]].sum())
            if area >= asked.records.values.sliver_m2:
                yield _finding(asked, pair, event, "planned", area, [], planned)


def _pairs(asked: AskedOfLand) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Pairs whose event restores, reuses or builds and still stands at the state date."""
    land = asked.land
    stands = np.array(
        [
            event.kind in _CHECKED
            and event.at_ms <= asked.figures.at_ms
            and (event.kind is EventKind.NEW_BUILD or is_live(event))
            for event in land.events
        ],
        dtype=bool,
    )
    return np.flatnonzero(stands[land.pairs.event]) if len(land.events) else np.empty(0, dtype=np.int64)


def _conflicts(event: LandEvent, overlay: Overlay, classes: ClassTable) -> bool:
    if overlay.overlay is OverlayKind.PLAN_CLASS:
        if event.kind is not EventKind.REGREENING_PASSED or overlay.class_code is None:
            return False
        system = overlay.class_system or CodeSystem.THIRD_LAND_SURVEY
        return _other_kind(event.class_index, _index(classes, overlay.class_code, system), classes)
    if event.kind is not EventKind.REGREENING_PASSED:
        return True
    allowed = _ALLOWED.get(overlay.overlay)
    return allowed is not None and _kind(event.class_index, classes) not in allowed


def _other_kind(stands: int, planned: int, classes: ClassTable) -> bool:
    """Whether restoration is of another kind than planned; a plan whose class is unknown here is not judged."""
    return planned != NO_CLASS and stands != planned and _kind(stands, classes) != _kind(planned, classes)


def _kind(index: int, classes: ClassTable) -> RestorationKind | None:
    return None if index == NO_CLASS else classes.kinds[index]


def _index(classes: ClassTable, code: str, system: CodeSystem = CodeSystem.THIRD_LAND_SURVEY) -> int:
    try:
        return classes.index(LandClass(system, code))
    except LedgerError:
        return NO_CLASS


def _finding(
    asked: AskedOfLand,
    pair: int,
    event: LandEvent,
    variant: str,
    area: float,
    rows: list[RegisterRow],
    planned: str = "",
) -> Finding:
    land = asked.land
    parcel = land.parcels[int(land.pairs.parcel[pair])]
    codes = sorted({planned, *(row.fields.class_code or "" for row in rows)} - {""})
    return found(
        Discrepancy.D28,
        edition=asked.records.edition,
        since_ms=event.at_ms,
        entries=[event.id],
        parcels=[parcel.id],
        units=[event.unit, parcel.unit],
        variant=variant if event.kind is EventKind.REGREENING_PASSED else f"{variant}_built",
        area_m2=area,
        land_class=land.classes.code(event.class_index) if event.class_index != NO_CLASS else "?",
        planned_class="、".join(codes) or "?",
        rows="、".join(row.row for row in rows),
    )


def _array(outlines: list[shapely.Geometry | None]) -> Geometries:
    made = np.empty(len(outlines), dtype=object)
    made[:] = outlines
    return made
