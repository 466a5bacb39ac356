"""Outlines as they may stand in the ledger: polygons, flat, finite, valid, of a size that entries can hold.

Faults park a row. What is invalid only by crossing itself is made valid, polygon parts only, and each repair is listed
with the area before and after. Heights are dropped and counted. Arrays throughout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from schemas.errors import Code, Detail
from schemas.geometry import MAX_VERTICES
from sync.imports.raw import Mask, Objects
from sync.imports.sheet import Fault, Repair
from sync.ledger.land.geodesy_arrays import areas_m2

LEAST_AREA_DEG2 = 1e-13
"""About 0.001 m²: what entries could not hold at 1e-9 degrees. Below it an outline has no area."""


@dataclass(frozen=True)
class Shaped:
    """Geometries (None where a fault parks the row) and what was found."""

    geometries: Objects
    faults: tuple[Fault, ...]
    repairs: tuple[Repair, ...] = ()
    warnings: tuple[Fault, ...] = ()


def structured(shapes: Objects, rows: NDArray[np.int64], column: str | None) -> Shaped:
    """`shapes` in any coordinates: polygons only, 2D, finite, not empty, not too many vertices."""
    kept = shapes.copy()
    faults: list[Fault] = []

    def park(bad: Mask, code: Code, details: list[dict[str, Detail]] | None = None) -> None:
        found = np.flatnonzero(bad & ~shapely.is_missing(kept))
        for order, index in enumerate(found):
            faults.append(Fault(code, int(rows[index]), column, details[order] if details else {}))
        kept[found] = None

    kinds = shapely.get_type_id(kept)
    other = ~np.isin(kinds, (-1, shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    park(other, Code.IMPORT_GEOMETRY_NOT_POLYGON, [{"found": _word(kind)} for kind in kinds[other]])
    park(shapely.is_empty(kept), Code.IMPORT_GEOMETRY_EMPTY)
    counts = shapely.get_num_coordinates(kept)
    many = counts > MAX_VERTICES
    limits: list[dict[str, Detail]] = [{"vertices": int(n), "limit": MAX_VERTICES} for n in counts[many]]
    park(many, Code.IMPORT_GEOMETRY_TOO_MANY_VERTICES, limits)
    park(~_finite(kept), Code.IMPORT_GEOMETRY_NOT_FINITE)

    high = shapely.has_z(kept) | shapely.has_m(kept)
    warnings: tuple[Fault, ...] = ()
    if high.any():
        first = int(rows[np.flatnonzero(high)[0]])
        warnings = (Fault(Code.IMPORT_HEIGHTS_DROPPED, None, column, {"count": int(high.sum()), "first_row": first}),)
        kept[high] = shapely.force_2d(kept[high])
    return Shaped(kept, tuple(faults), (), warnings)


def valid(geometries: Objects, rows: NDArray[np.int64], column: str | None) -> Shaped:
    """`geometries` (EPSG:4490 degrees) valid and with area, each repair listed."""
    kept = geometries.copy()
    repairs, warnings = [], []
    broken = np.flatnonzero(~shapely.is_valid(kept) & ~shapely.is_missing(kept))
    if len(broken):
        before = kept[broken]
        after = _polygons_of(shapely.make_valid(before))
        kept[broken] = after
        reasons = shapely.is_valid_reason(before)
        areas = zip(areas_m2(before), areas_m2(after), strict=True)
        for index, reason, (before_m2, after_m2) in zip(broken, reasons, areas, strict=True):
            row = int(rows[index])
            repairs.append(Repair(row, str(reason), float(before_m2), float(after_m2)))
            warnings.append(Fault(Code.IMPORT_GEOMETRY_REPAIRED, row, column, {"reason": str(reason)}))
    flat = np.flatnonzero(~shapely.is_missing(kept) & (shapely.area(kept) < LEAST_AREA_DEG2))
    kept[flat] = None
    faults = [Fault(Code.IMPORT_GEOMETRY_NO_AREA, int(row), column) for row in rows[flat]]
    gone = {fault.row for fault in faults}
    return Shaped(
        kept,
        tuple(faults),
        tuple(repair for repair in repairs if repair.row not in gone),
        tuple(warning for warning in warnings if warning.row not in gone),
    )


def _finite(shapes: Objects) -> Mask:
    """False where a coordinate of the plane is NaN or infinite."""
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    finite = np.ones(len(shapes), dtype=bool)
    finite[owner[~np.isfinite(coordinates).all(axis=1)]] = False
    return finite


def _polygons_of(geometries: Objects) -> Objects:
    """The polygon parts of each geometry, as one polygon or multipolygon; an empty polygon where there is none."""
    parts, owner = shapely.get_parts(geometries, return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)  # make_valid nests at most once
    owner = owner[inner]
    polygon = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    kept = np.full(len(geometries), shapely.Polygon(), dtype=object)
    collected, at = parts[polygon], owner[polygon]
    for index in np.unique(at):
        mine = collected[at == index]
        kept[index] = mine[0] if len(mine) == 1 else shapely.multipolygons(mine)
    return kept


def _word(kind: int) -> str:
    return str(shapely.GeometryType(kind).name).lower()
