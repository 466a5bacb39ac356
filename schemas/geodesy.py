"""Areas, lengths and bearings on the ellipsoid of CGCS2000, in pure Python (geographiclib) for the tablet.

a = 6378137 m, f = 1/298.257222101 (GRS80; WGS-84 differs in f by 1e-9 and in area by less than 1e-9). The twin for
arrays is `sync/ledger/land/geodesy_arrays.py`; both follow geodesics between vertices and agree to 1e-6 relative. No
projected and no Web Mercator area is used anywhere: EPSG:3857 is 70 % too large in Beijing (domain §3.9).
Positions are CGCS2000 or WGS-84; a GCJ-02 outline is converted first (`gcj02.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

from schemas.errors import Code, LedgerError
from schemas.geometry import E9, MultiPolygon, Point, Polygon, Ring, rings_of

SEMI_MAJOR_M = 6_378_137.0
FLATTENING = 1 / 298.257222101


def area_m2(outline: Polygon | MultiPolygon) -> float:
    """Ellipsoidal area in m²: outer rings less their holes, whatever way the rings turn.

    Parts that overlap count twice; central makes outlines valid before it measures. Never below zero.
    """
    total = sum((1 if outer else -1) * _ring_measures(ring)[1] for outer, ring in rings_of(outline))
    return max(0.0, total)


def perimeter_m(outline: Polygon | MultiPolygon) -> float:
    """Length in m of all rings, holes included."""
    return sum(_ring_measures(ring)[0] for _, ring in rings_of(outline))


def distance_m(start: Point, end: Point) -> float:
    """Length in m of the geodesic from `start` to `end`."""
    return float(_inverse(start, end)["s12"])


def bearing_deg(start: Point, end: Point) -> float:
    """Bearing in degrees, 0 = north, clockwise, in [0, 360), in which `end` lies as seen from `start`.

    Raises LedgerError(VALUE_INVALID) for one and the same position, which has no bearing.
    """
    if start == end:
        raise LedgerError(Code.VALUE_INVALID, reason="no bearing between equal positions")
    return float(_inverse(start, end)["azi1"]) % 360.0


def destination(start: Point, bearing: float, distance: float) -> Point:
    """The position `distance` m from `start` in the direction `bearing` (degrees, 0 = north, clockwise)."""
    if not (math.isfinite(bearing) and math.isfinite(distance)):
        raise LedgerError(Code.VALUE_INVALID, reason="bearing or distance not finite")
    end = _ellipsoid().Direct(start.lat_deg, start.lon_deg, bearing, distance)
    return Point.from_degrees(end["lon2"], end["lat2"])


def walked_area_sigma_m2(corners: Sequence[Point], sigma_m: float) -> float:
    """Standard error (m²) of an area whose corners were walked with independent position errors of `sigma_m` m.

    σ_A = (σ/2)·√Σd_i², d_i = distance between the two neighbours of corner i (domain §0.8). `corners` are the ring's
    vertices without the closing one.
    """
    count = len(corners)
    squares = sum(distance_m(corners[i - 1], corners[(i + 1) % count]) ** 2 for i in range(count))
    return sigma_m / 2 * math.sqrt(squares)


@cache
def _ellipsoid() -> Any:
    from geographiclib.geodesic import Geodesic  # here, so that a screen that measures nothing starts without it

    return Geodesic(SEMI_MAJOR_M, FLATTENING)


def _ring_measures(ring: Ring) -> tuple[float, float]:
    """Length (m) and area (m², never negative) of one closed ring."""
    measured = _ellipsoid().Polygon()
    for lon_e9, lat_e9 in ring[:-1]:
        measured.AddPoint(lat_e9 / E9, lon_e9 / E9)
    _, length, area = measured.Compute(False, True)
    return float(length), abs(float(area))


def _inverse(start: Point, end: Point) -> Any:
    return _ellipsoid().Inverse(start.lat_deg, start.lon_deg, end.lat_deg, end.lon_deg)
