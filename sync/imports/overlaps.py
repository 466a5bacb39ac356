"""Parcels that lie on others, or outside their unit: found on arrays, in the equal-area plane (areas in m²)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from sync.imports.outlines import Outlines

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
_AT_A_TIME = 200_000


@dataclass(frozen=True)
class Overlaps:
    """Pairs (index here, index there) whose outlines share more than the tolerance, and how much (m²)."""

    here: Indices
    there: Indices
    shared_m2: Floats

    def pairs(self) -> Iterator[tuple[int, int, float]]:
        """Each pair with what it shares."""
        return zip(self.here.tolist(), self.there.tolist(), self.shared_m2.tolist(), strict=True)


def misfits(plane: Outlines) -> Mask:
    """Outlines with an edge that fits none of a neighbour's although the two touch.

    Where parcels fill the land nearly all neighbours fit edge to edge. GEOS tells these from the rest in one pass over
    all edges (a coverage).
    """
    edges = shapely.coverage_invalid_edges(plane)
    return np.asarray(~shapely.is_missing(edges) & ~shapely.is_empty(edges))


def within(plane: Outlines, asked: Mask, tolerance_m2: float, doubtful: Mask | None = None) -> Overlaps:
    """Pairs of `plane` that share more than `tolerance_m2` and of which one at least is `asked`; each pair once.

    Only `doubtful` ones, the `misfits` of `plane`, are looked at pair by pair; they are found here where not given.
    """
    if doubtful is None:
        doubtful = misfits(plane)
    which = np.flatnonzero(doubtful)
    query, found = shapely.STRtree(plane).query(plane[which])
    here = which[query]
    keep = (here < found) | ~doubtful[found]
    keep &= (here != found) & (asked[here] | asked[found])
    return _measured(plane, here[keep], plane, found[keep], tolerance_m2)


def between(plane: Outlines, others: Outlines, tolerance_m2: float) -> Overlaps:
    """Pairs of `plane` and `others` that share more than `tolerance_m2`."""
    here, there = shapely.STRtree(others).query(plane)
    return _measured(plane, here, others, there, tolerance_m2)


def outside_m2(plane: Outlines, owners: list[str], boundaries: Mapping[str, shapely.Geometry]) -> Floats:
    """How much of each outline lies outside the boundary of its owner; 0 where there is no boundary."""
    outside = np.zeros(len(plane))
    by_owner: dict[str, list[int]] = {}
    for index, owner in enumerate(owners):
        if owner in boundaries:
            by_owner.setdefault(owner, []).append(index)
    for owner, members in by_owner.items():
        boundary = boundaries[owner]
        shapely.prepare(boundary)
        chosen = np.array(members)
        doubtful = chosen[~shapely.covers(boundary, plane[chosen])]
        cut = shapely.intersection(plane[doubtful], boundary)
        outside[doubtful] = np.nan_to_num(shapely.area(plane[doubtful]) - shapely.area(cut))
    return outside


def _measured(one: Outlines, here: Indices, other: Outlines, there: Indices, tolerance_m2: float) -> Overlaps:
    """The pairs that share more than the tolerance; what their boxes cannot share is never cut."""
    a, b = shapely.bounds(one)[here], shapely.bounds(other)[there]
    width = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    height = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    near = np.flatnonzero((width > 0) & (height > 0) & (width * height > tolerance_m2))
    shared = np.zeros(len(here))
    for chosen in _pieces(near):
        left, right = one[here[chosen]], other[there[chosen]]
        meets = shapely.intersects(left, right)
        cut = chosen[meets]
        shared[cut] = shapely.area(shapely.intersection(one[here[cut]], other[there[cut]]))
    keep = shared > tolerance_m2
    return Overlaps(here[keep], there[keep], shared[keep])


def _pieces(indices: Indices) -> Iterator[Indices]:
    for start in range(0, len(indices), _AT_A_TIME):
        yield indices[start : start + _AT_A_TIME]
