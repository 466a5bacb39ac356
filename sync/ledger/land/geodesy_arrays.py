"""Areas, lengths and bearings on the ellipsoid of CGCS2000 for whole arrays (pyproj): the twin of `schemas/geodesy.py`.

Arrays in, arrays out. Coordinates are degrees, longitude first, CGCS2000 or WGS-84 (treated as equal). Both twins
follow geodesics and agree to 1e-6 relative from 20 m² up; below, rounding leaves 2e-5 m² (test_geodesy.py).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod

GEOD = Geod(ellps="GRS80")
"""a = 6378137 m, f = 1/298.257222101: the ellipsoid of CGCS2000."""

Floats = NDArray[np.float64]


def areas_m2(geometries: ArrayLike) -> Floats:
    """Ellipsoidal area (m²) of each geometry: outer rings less holes, whatever way rings turn; never below zero.

    What is missing (None), empty, a point or a line has area 0; of a collection the polygons count.

    >>> areas_m2([shapely.box(116.4, 39.9, 116.401, 39.901), None]).round(2).tolist()
    [9495.26, 0.0]
    """
    return np.maximum(_summed(geometries)[0], 0.0)


def perimeters_m(geometries: ArrayLike) -> Floats:
    """Length (m) of all rings of each geometry, holes included; 0 where there is no polygon."""
    return _summed(geometries)[1]


def distances_m(lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike) -> Floats:
    """Length (m) of the geodesic between each pair of positions (degrees)."""
    return _inverse(lon1, lat1, lon2, lat2)[1]


def bearings_deg(lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike) -> Floats:
    """Bearing (degrees, 0 = north, clockwise, in [0, 360)) of the second position seen from the first.

    NaN where both are one position: there is no bearing.
    """
    azimuth, distance = _inverse(lon1, lat1, lon2, lat2)
    return np.where(distance > 0.0, np.mod(azimuth, 360.0), np.nan)


def _summed(geometries: ArrayLike) -> tuple[Floats, Floats]:
    """Signed area by the role of each ring, and length, summed per geometry."""
    whole = np.atleast_1d(np.asarray(geometries, dtype=object)).ravel()
    parts, owner = _polygons(whole)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    coordinates, ring_of = shapely.get_coordinates(rings, return_index=True)
    starts = np.searchsorted(ring_of, np.arange(len(rings) + 1))
    outer = np.ones(len(rings), dtype=bool)
    outer[1:] = part_of[1:] != part_of[:-1]
    lon, lat = np.ascontiguousarray(coordinates.T)
    area, length = np.zeros(len(whole)), np.zeros(len(whole))
    measured = np.array(
        [GEOD.polygon_area_perimeter(lon[a:b], lat[a:b]) for a, b in pairwise(starts)],
        dtype=np.float64,
    ).reshape(-1, 2)
    np.add.at(area, owner[part_of], np.where(outer, 1.0, -1.0) * np.abs(measured[:, 0]))
    np.add.at(length, owner[part_of], measured[:, 1])
    return area, length


def _polygons(whole: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    """Every non-empty polygon in `whole`, collections taken apart to any depth, and whose it is."""
    parts, owner = whole, np.arange(len(whole))
    while True:
        parts, of_part = shapely.get_parts(parts, return_index=True)
        owner = owner[of_part]
        nested = shapely.get_type_id(parts) > shapely.GeometryType.POLYGON
        if not nested.any():
            break
    kept = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)
    return parts[kept], owner[kept]


def _inverse(lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike) -> tuple[Floats, Floats]:
    degrees = (np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (lon1, lat1, lon2, lat2))
    x1, y1, x2, y2 = np.broadcast_arrays(*degrees)
    azimuth, _, distance = GEOD.inv(x1, y1, x2, y2)
    return np.asarray(azimuth, dtype=np.float64), np.asarray(distance, dtype=np.float64)
