"""From numbers to places: plane or degrees to EPSG:4490, and the slips that put a file beside Beijing.

Swapped axes, a zone too far, a forgotten zone prefix and degrees labelled as metres are told apart by trying each
explanation and looking whether the outline then lies in Beijing. Nothing is corrected: a guess is no survey. Where most
outlines of a file show the same slip the file is refused; a few are parked. GCJ-02 cannot be seen from here (its 300
to 700 m stay inside Beijing): see `offsets.py`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray

from schemas.districts import district_outlines
from schemas.errors import Code, Detail, LedgerError
from schemas.geometry import E9, bounds_e9
from sync.imports.crs import APPROXIMATE, LABEL, TAKEN, to_degrees
from sync.imports.raw import Objects
from sync.imports.sheet import Fault

Floats = NDArray[np.float64]
MARGIN_DEG = 0.1
"""Beyond the outlines' extent, some 10 km: outlines are simplified, belts end well inside."""


@dataclass(frozen=True)
class Placed:
    """Geometries in EPSG:4490 (None where a fault parks the row) and what was found on the way."""

    geometries: Objects
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


@cache
def region() -> tuple[float, float, float, float]:
    """West, south, east, north (degrees) of what can be Beijing: the extent of the district outlines and a margin."""
    bounds = np.array([bounds_e9(outline) for outline in district_outlines().values()]) / E9
    west, south = bounds[:, :2].min(axis=0) - MARGIN_DEG
    east, north = bounds[:, 2:].max(axis=0) + MARGIN_DEG
    return float(west), float(south), float(east), float(north)


def placed(shapes: Objects, epsg: int, rows: NDArray[np.int64], column: str | None) -> Placed:
    """`shapes` (coordinates of `epsg`, east first, finite) in EPSG:4490.

    Raises LedgerError: IMPORT_AXES_SWAPPED, IMPORT_ZONE_SLIP, IMPORT_CRS_CONTRADICTS or IMPORT_OUTSIDE_REGION when most
    outlines lie outside Beijing; IMPORT_CRS_UNKNOWN for a system that is not taken.
    """
    present = np.flatnonzero(~shapely.is_missing(shapes))
    if not len(present):
        return Placed(shapes, (), ())
    bounds = shapely.bounds(shapes[present])
    if epsg not in TAKEN:
        raise _foreign_zone(bounds, epsg, rows[present], column)
    astray = present[~_inside(bounds, epsg)]
    faults = _explained(shapely.bounds(shapes[astray]), epsg, rows[astray], column) if len(astray) else ()
    if 2 * len(astray) > len(present):
        raise _refusal(faults)
    moved = shapes.copy()
    moved[astray] = None
    transformer = to_degrees(epsg)

    def degrees(xy: Floats) -> Floats:
        turned = xy if transformer is None else np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))
        # As entries hold them, so that what is found valid here is what is stored.
        return np.asarray(np.round(turned, 9))

    moved = shapely.transform(moved, degrees)
    warnings = (Fault(Code.IMPORT_CRS_APPROXIMATE, details={"crs": epsg}),) if epsg in APPROXIMATE else ()
    return Placed(moved, faults, warnings)


def _inside(bounds: Floats, epsg: int) -> NDArray[np.bool_]:
    """Which bounds (west, south, east, north in `epsg`) lie in the region, by their four corners."""
    x = bounds[:, [0, 2, 0, 2]]
    y = bounds[:, [1, 1, 3, 3]]
    transformer = to_degrees(epsg)
    if transformer is not None:
        x, y = transformer.transform(x, y)  # far away it gives infinities, which lie nowhere
    west, south, east, north = region()
    return np.asarray(((x >= west) & (x <= east) & (y >= south) & (y <= north)).all(axis=1))


def _explained(bounds: Floats, epsg: int, rows: NDArray[np.int64], column: str | None) -> tuple[Fault, ...]:
    """A fault for each row that lies astray, with the first explanation that puts it into Beijing."""
    left = np.ones(len(rows), dtype=bool)
    faults: list[Fault] = []
    for other, swapped in _explanations(epsg):
        turned = bounds[:, [1, 0, 3, 2]] if swapped else bounds
        fits = left & _inside(turned, other)
        left &= ~fits
        faults.extend(_slip(epsg, other, swapped, int(row), column) for row in rows[fits])
    for index in np.flatnonzero(left):
        x, y = bounds[index, 0], bounds[index, 1]
        details: dict[str, Detail] = {"where": f"x {x:.10g}, y {y:.10g}", "count": 1}
        faults.append(Fault(Code.IMPORT_OUTSIDE_REGION, int(rows[index]), column, details))
    return tuple(sorted(faults, key=lambda fault: fault.row or 0))


def _explanations(epsg: int) -> list[tuple[int, bool]]:
    """(coordinate system, swapped) in the order in which they are believed: the nearest slip first."""
    others = [code for code in (4490, 4527, 4548, 4528, 4549, 4526, 4547) if code != epsg]
    return [(epsg, True), *((code, False) for code in others), *((code, True) for code in others)]


def _slip(epsg: int, other: int, swapped: bool, row: int, column: str | None) -> Fault:
    if other == epsg:
        return Fault(Code.IMPORT_AXES_SWAPPED, row, column, {"count": 1})
    looks_like = LABEL[other] + (", axes swapped" if swapped else "")
    if (other == 4490) != (epsg in (4490, 4326)):
        return Fault(Code.IMPORT_CRS_CONTRADICTS, row, column, {"found": LABEL[epsg], "said": looks_like})
    return Fault(Code.IMPORT_ZONE_SLIP, row, column, {"found": LABEL[epsg], "looks_like": looks_like, "count": 1})


def _foreign_zone(bounds: Floats, epsg: int, rows: NDArray[np.int64], column: str | None) -> LedgerError:
    """Another zone than 117°E: a slip if the numbers are those of 117°E, else a system that is not taken."""
    for other in (4527, 4548):
        fits = _inside(bounds, other)
        if 2 * int(fits.sum()) > len(bounds):
            return _refusal(tuple(_slip(epsg, other, False, int(row), column) for row in rows[fits]))
    return LedgerError(Code.IMPORT_CRS_UNKNOWN, crs=LABEL[epsg])


def _refusal(faults: tuple[Fault, ...]) -> LedgerError:
    """The file's refusal: its most frequent slip, the row where it is first seen and how many there are."""
    code, _ = Counter(fault.code for fault in faults).most_common(1)[0]
    same = [fault for fault in faults if fault.code is code]
    return LedgerError(code, **{**same[0].details, "count": len(same), "row": same[0].row, "column": same[0].column})
