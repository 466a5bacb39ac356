"""GCJ-02 look-alikes: new outlines that fit known ones only after the GCJ-02 shift is undone (domain §5.4 D15).

The shift moves everything in Beijing by some 400 to 700 m in one direction, so nothing in a single outline betrays it.
Against outlines that the ledger already knows it is plain: where undoing the shift makes a new outline lie on a known
one that it missed before, it came from a map with GCJ-02. Without known outlines the answer is *not checked*.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from schemas.gcj02 import Datum, converted
from schemas.geometry import Point
from sync.imports.raw import Mask, Objects
from sync.ledger.land.geodesy_arrays import distances_m

SAME_IOU = 0.5
"""Two outlines mean one parcel when they share more than this part of their union (domain §5.4 D02)."""
GRID_DEG = 0.01
"""The shift is taken once per cell of this size; inside one it varies by less than 2 m."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Gcj02Check:
    """`suspects` runs beside the new outlines. `checked` is False when none met a known one, shifted back or not."""

    checked: bool
    suspects: Mask
    compared: int
    """New outlines that lie on a known one, as given or shifted back."""
    offset_m: float | None
    """Median shift of the suspects, m."""

    @property
    def systematic(self) -> bool:
        """Whether suspects are the greater part of what could be compared: the file, not a row, is wrong."""
        return 2 * int(self.suspects.sum()) > self.compared


def gcj02_suspects(new: ArrayLike, known: ArrayLike) -> Gcj02Check:
    """Which of `new` look like GCJ-02 against `known` outlines; both EPSG:4490 degrees, None allowed."""
    fresh, old = _array(new), _array(known)
    old = old[~shapely.is_missing(old) & ~shapely.is_empty(old)]
    suspects = np.zeros(len(fresh), dtype=bool)
    usable = np.flatnonzero(~shapely.is_missing(fresh) & ~shapely.is_empty(fresh))
    if not len(usable) or not len(old):
        return Gcj02Check(False, suspects, 0, None)
    tree = shapely.STRtree(old)
    as_given = _lies_on(fresh[usable], tree, old)
    doubtful = usable[~as_given]
    back, offset_m = _shifted_back(fresh[doubtful])
    hits = _lies_on(back, tree, old)
    suspects[doubtful[hits]] = True
    compared = int(as_given.sum()) + int(hits.sum())
    return Gcj02Check(compared > 0, suspects, compared, float(np.median(offset_m[hits])) if hits.any() else None)


def _lies_on(shapes: Objects, tree: shapely.STRtree, known: Objects) -> Mask:
    """Which shapes share more than SAME_IOU of their union with one known outline."""
    found = np.zeros(len(shapes), dtype=bool)
    if not len(shapes):
        return found
    # One parcel has its middle near the other's middle: asking with the middle keeps the pairs few.
    middles = shapely.centroid(shapes)
    asked, met = tree.query(middles)
    shared = shapely.area(shapely.intersection(shapes[asked], known[met]))
    union = shapely.area(shapes[asked]) + shapely.area(known[met]) - shared
    found[asked[shared > SAME_IOU * union]] = True
    return found


def _shifted_back(shapes: Objects) -> tuple[Objects, Floats]:
    """`shapes` moved as a whole by the inverse shift at their middle, and how far (m)."""
    if not len(shapes):
        return shapes, np.zeros(0)
    x, y = shapely.get_coordinates(shapely.centroid(shapes)).T
    corners = np.floor(np.column_stack((x, y)) / GRID_DEG)
    cells, cell = np.unique(corners, axis=0, return_inverse=True)
    shifts = np.array([_inverse_shift(*((corner + 0.5) * GRID_DEG)) for corner in cells])[cell.ravel()]
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    moved = shapely.set_coordinates(shapes.copy(), coordinates + shifts[owner])
    return moved, distances_m(x, y, x + shifts[:, 0], y + shifts[:, 1])


def _inverse_shift(lon: float, lat: float) -> tuple[float, float]:
    true = converted(Point.from_degrees(lon, lat), Datum.GCJ02, Datum.CGCS2000)
    return true.lon_deg - lon, true.lat_deg - lat


def _array(shapes: ArrayLike) -> Objects:
    return np.atleast_1d(np.asarray(shapes, dtype=object)).ravel()
