"""Outlines as entries hold them (whole degrees × 1e9) to shapely arrays in EPSG:4490 degrees, made valid once.

One pass over all geometries of a batch: coordinates go into one flat array, rings and polygons are built from it.
Structure (closed rings, range) was checked at admission; what crosses itself is repaired here, and each repair told.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import shapely

from schemas.geometry import E9
from sync.ledger.land.plane import Geometries, polygonal


def read_outlines(geometries: Sequence[Mapping[str, Any] | None]) -> tuple[Geometries, dict[int, str]]:
    """Valid polygons of `schemas.geometry` JSON, in EPSG:4490 degrees; and by index why one had to be repaired.

    None stays None; what has no area once it is valid becomes None too.

    >>> square = [[0, 0], [0, 10**9], [10**9, 10**9], [10**9, 0], [0, 0]]
    >>> made, repairs = read_outlines([{"type": "Polygon", "rings": [square]}, None])
    >>> made[0].area, made[1], repairs
    (1.0, None, {})
    """
    flat = array("q")
    ring_sizes: list[int] = []
    ring_polygon: list[int] = []
    polygon_of: list[int] = []
    for number, geometry in enumerate(geometries):
        if geometry is None:
            continue
        for rings in geometry["polygons"] if geometry["type"] == "MultiPolygon" else (geometry["rings"],):
            for ring in rings:
                flat.extend(chain.from_iterable(ring))
                ring_sizes.append(len(ring))
                ring_polygon.append(len(polygon_of))
            polygon_of.append(number)
    made = np.full(len(geometries), None, dtype=object)
    if not polygon_of:
        return made, {}
    degrees = np.frombuffer(flat, dtype=np.int64).reshape(-1, 2) / E9
    rings_made = shapely.linearrings(degrees, indices=np.repeat(np.arange(len(ring_sizes)), ring_sizes))
    polygons = shapely.polygons(rings_made, indices=np.array(ring_polygon))
    owner = np.array(polygon_of)
    parts = np.bincount(owner, minlength=len(geometries))
    single = parts[owner] == 1
    made[owner[single]] = polygons[single]
    if not single.all():
        wholes, place = np.unique(owner[~single], return_inverse=True)
        made[wholes] = shapely.multipolygons(polygons[~single], indices=place)
    return _repaired(made)


def to_json(geometry: shapely.Geometry) -> dict[str, Any]:
    """A polygon or several, in degrees, as entries and answers hold them: whole degrees × 1e9."""
    polygons = [[_ring(ring) for ring in _rings(part)] for part in shapely.get_parts(geometry)]
    if len(polygons) == 1:
        return {"type": "Polygon", "rings": polygons[0]}
    return {"type": "MultiPolygon", "polygons": polygons}


def _rings(polygon: shapely.Geometry) -> list[shapely.Geometry]:
    return [polygon.exterior, *polygon.interiors]


def _ring(ring: shapely.Geometry) -> list[list[int]]:
    found: list[list[int]] = np.rint(shapely.get_coordinates(ring) * E9).astype(np.int64).tolist()
    return found


def _repaired(made: Geometries) -> tuple[Geometries, dict[int, str]]:
    broken = np.flatnonzero(~shapely.is_valid(made) & ~shapely.is_missing(made))
    if not len(broken):
        return made, {}
    reasons = shapely.is_valid_reason(made[broken])
    made[broken] = polygonal(made[broken])
    # A reason reads "Self-intersection[116.1 39.9]"; the place is in the entry itself.
    return made, {int(index): str(reason).partition("[")[0] for index, reason in zip(broken, reasons, strict=True)}
