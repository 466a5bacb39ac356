"""A synthetic ledger for the benchmarks of part 2: parcels on a loose grid in the belts, two footprints on each.

Outlines have 8 to 12 corners like drawn ones. Each footprint reaches a little beyond its parcel or stays inside; every
thirtieth or so also crosses into the next parcel, which makes about 1.015 pairs a footprint.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from schemas.codes import CodeSystem
from sync.ledger.book.facts import BaselinePart, LandClass, Parcel, Said
from sync.ledger.land.classes import ClassTable
from sync.ledger.land.events import EventKind, Force, LandEvent
from sync.ledger.land.plane import to_degrees

SEED = 20_261_122
STEP_M = 120.0
_DAY_MS = 86_400_000
_START_MS = 1_704_067_200_000
_CLASSES = ("0601", "0702", "0508", "1202")


@dataclass(frozen=True)
class Field:
    """Parcels and events; beside them the plane outlines, for the yardsticks, and which event lies on which parcel."""

    parcels: list[Parcel]
    events: list[LandEvent]
    plane_parcels: NDArray[np.object_]
    plane_footprints: NDArray[np.object_]


def draw(parcels: int, units: int = 88) -> Field:
    """`parcels` parcels in `units` units and twice as many footprints: cleared, then re-greened."""
    chance = np.random.default_rng(SEED)
    wide = int(np.ceil(np.sqrt(parcels)))
    grid = np.stack(np.divmod(np.arange(parcels), wide), axis=1)[:, ::-1] * STEP_M - wide * STEP_M / 2
    plots = _blobs(chance, grid, 38.0, 55.0)
    shift = chance.uniform(-11, 11, (2 * parcels, 2))
    far = chance.random(2 * parcels) < 0.025
    shift[far, 0] += 62.0
    feet = _blobs(chance, np.repeat(grid, 2, axis=0) + shift, 16.0, 36.0)
    degrees, feet_degrees = to_degrees(plots), to_degrees(feet)
    classes = ClassTable.of()
    forest = classes.index(LandClass(CodeSystem.THIRD_LAND_SURVEY, "0301"))
    days = chance.integers(0, 600, 2 * parcels)
    rows = [_parcel(number, outline, units, parcels) for number, outline in enumerate(degrees)]
    events = [
        _event(number, outline, rows[number // 2], int(days[number]), forest)
        for number, outline in enumerate(feet_degrees)
    ]
    return Field(rows, events, plots, feet)


def _blobs(chance: np.random.Generator, centres: NDArray[np.float64], least: float, most: float) -> NDArray[np.object_]:
    """Star-shaped polygons of 8 to 12 corners round each centre, radii between `least` and `most` metres."""
    corners = chance.integers(8, 13, len(centres))
    owner = np.repeat(np.arange(len(centres)), corners)
    first = np.cumsum(corners) - corners
    turn = (np.arange(len(owner)) - first[owner] + chance.uniform(0.1, 0.9, len(owner))) / corners[owner] * 2 * np.pi
    radius = chance.uniform(least, most, len(owner))
    points = centres[owner] + np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)
    return shapely.polygons(shapely.linearrings(points, indices=owner))


def _parcel(number: int, outline: shapely.Geometry, units: int, parcels: int) -> Parcel:
    unit = f"U{number * units // parcels:02d}"
    said = Said(f"p{number}", number + 1, _START_MS, "office", "district", unit)
    land_class = LandClass(CodeSystem.THIRD_LAND_SURVEY, _CLASSES[number % len(_CLASSES)])
    return Parcel(f"P{number:06d}", said, outline, (BaselinePart(land_class, outline),))


def _event(number: int, outline: shapely.Geometry, parcel: Parcel, day: int, forest: int) -> LandEvent:
    again = number % 2
    return LandEvent(
        id=f"e{number:06d}",
        record=f"e{number:06d}",
        kind=EventKind.REGREENING_PASSED if again else EventKind.DEMOLITION_CLEARED,
        force=Force.FULL,
        at_ms=_START_MS + (day + 600 * again) * _DAY_MS,
        unit=parcel.unit,
        units=frozenset({parcel.unit}),
        author="inspector",
        parcels=(parcel.id,),
        outline=outline,
        class_index=forest if again else -1,
        claimed_e2=100_000,
        seq=number + 1_000_000,
    )
