"""Net reduction (减量, ledger rules §4): what was accepted less the land that was newly taken.

    A(t) = accepted at t      O(t) = land at t built or reused whose baseline is not in B, and new building outside
    every parcel (each m² once)      net = A(b) - A(a) - (O(b) - O(a))

A fact that arrives late moves A(a) or O(a) as they are known now; what was published stays, and the difference is a
reversal or an addition of the period in which the fact arrived (`Net.late_m2`). Areas in ticks (`exact.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely

from sync.ledger.accounts.acceptance import Accepted
from sync.ledger.book.days import day_of
from sync.ledger.land import exact
from sync.ledger.land.events import EventKind, Force, LandEvent
from sync.ledger.land.exact import Ints
from sync.ledger.land.figures import ParcelFigures
from sync.ledger.land.ground import CRUMB_M2
from sync.ledger.land.layout import Land
from sync.ledger.land.plane import only_polygons
from sync.ledger.statement.field_sections import Sighting
from sync.ledger.statement.unit_figures import Net


@dataclass(frozen=True)
class Outside:
    """New building outside every parcel: of each event (a place in `Land.events`) what no parcel and no earlier such
    event covers, ticks."""

    event: Ints
    at_ms: Ints
    ticks: Ints


@dataclass(frozen=True)
class Position:
    """A(t) and O(t) by unit, ticks; a unit may hold new building although it has no parcel."""

    accepted: Mapping[str, int]
    occupied: Mapping[str, int]


def outside(land: Land) -> Outside:
    """New building outside every parcel, whenever seen. Each square metre belongs to the event that saw it first.

    What has arrived and is not in force counts too, unless it is so large that it waits for the district: only the
    district ends an adverse fact, so returning, rejecting or holding a sighting must not raise the net (rules §2).
    """
    chosen = [
        number
        for number, event in enumerate(land.events)
        if event.kind == EventKind.NEW_BUILD and event.outline is not None and _acts(event)
    ]
    events = np.array([number for number in chosen if land.event_outlines[number] is not None], dtype=np.int64)
    outlines = land.event_outlines[events]
    covered: list[list[shapely.Geometry]] = [[] for _ in events]
    for covers, earlier in ((land.plane_outlines, False), (outlines, True)):
        mine, other = shapely.STRtree(covers).query(outlines, predicate="intersects")
        for one, by in zip(mine.tolist(), other.tolist(), strict=True):
            if not earlier or by < one:  # events stand in order of observation
                covered[one].append(covers[by])
    meets = [number for number, others in enumerate(covered) if others]
    rest = outlines.copy()
    if meets:
        less = np.array([shapely.union_all(covered[number]) for number in meets], dtype=object)
        rest[meets] = only_polygons(shapely.difference(outlines[meets], less))
    areas = np.nan_to_num(shapely.area(rest))
    areas[areas <= CRUMB_M2] = 0.0
    at_ms = np.array([land.events[number].at_ms for number in events], dtype=np.int64)
    return Outside(events, at_ms, exact.from_m2(exact.on_grid(areas)))


def _acts(event: LandEvent) -> bool:
    waits = event.units is not None and not event.units
    return event.force is Force.FULL or (event.force is not Force.NONE and not waits)


def position(land: Land, figures: ParcelFigures, accepted: Accepted, out: Outside, alive: Ints) -> Position:
    """A and O by unit at the state date of `figures`; `alive` are the places of the parcels that are listed then."""
    by_unit: tuple[dict[str, int], dict[str, int]] = (defaultdict(int), defaultdict(int))
    occupied = exact.from_m2(figures.occupied_m2)
    for number in alive[(accepted.accepted[alive] > 0) | (occupied[alive] > 0)].tolist():
        unit = land.parcels[number].unit
        by_unit[0][unit] += int(accepted.accepted[number])
        by_unit[1][unit] += int(occupied[number])
    for unit, ticks in outside_by_unit(land, out, -1, figures.at_ms).items():
        by_unit[1][unit] += ticks
    return Position(*by_unit)


def outside_by_unit(land: Land, out: Outside, after_ms: int, until_ms: int) -> dict[str, int]:
    """Ticks of new building outside every parcel seen in (after_ms, until_ms], by the unit that reported it."""
    sums: dict[str, int] = defaultdict(int)
    within = (out.at_ms > after_ms) & (out.at_ms <= until_ms) & (out.ticks > 0)
    for event, ticks in zip(out.event[within].tolist(), out.ticks[within].tolist(), strict=True):
        sums[land.events[event].unit] += ticks
    return sums


def net_of(unit: str, start: Position, end: Position, published: Position | None) -> Net:
    """The net reduction of a unit between two positions of one book; `published` is the start as it was published at
    an earlier log position, None where nothing was."""
    was = published or start
    return Net(
        accepted_start_m2=exact.m2(start.accepted.get(unit, 0)),
        accepted_end_m2=exact.m2(end.accepted.get(unit, 0)),
        occupied_start_m2=exact.m2(start.occupied.get(unit, 0)),
        occupied_end_m2=exact.m2(end.occupied.get(unit, 0)),
        accepted_start_published_m2=exact.m2(was.accepted.get(unit, 0)),
        occupied_start_published_m2=exact.m2(was.occupied.get(unit, 0)),
    )


def sightings(land: Land, out: Outside, after_ms: int, until_ms: int) -> tuple[Sighting, ...]:
    """疑似新增建设 seen in the period, with what of each lies on no parcel and was not seen before."""
    free = dict(zip(out.event.tolist(), out.ticks.tolist(), strict=True))
    found = []
    for number, event in enumerate(land.events):
        if event.kind != EventKind.NEW_BUILD or not after_ms < event.at_ms <= until_ms:
            continue
        outline = land.event_outlines[number]
        area = np.array([0.0 if outline is None else shapely.area(outline)])
        whole = exact.m2(exact.from_m2(exact.on_grid(area))[0])
        found.append(
            Sighting(event.id, event.unit, day_of(event.at_ms), event.parcels, whole, exact.m2(free.get(number, 0)))
        )
    return tuple(sorted(found, key=lambda row: (row.unit, row.on, row.entry)))
