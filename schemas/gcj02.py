"""Datums (坐标系) and the shift between WGS-84 and GCJ-02 (火星坐标), both ways; no position goes without its datum.

CGCS2000 (the stored datum, EPSG:4490) and WGS-84 are treated as equal: they differ by centimetres to decimetres, far
below the metres of a tablet's fix. GCJ-02 is 300-700 m off in Beijing (domain §3.9). The inverse iterates the forward
formula until it stands still, so a round trip is exact to the stored 1e-9 degree, not to the metres of the one-step
inverse that circulates. Surveyed local systems (北京地方坐标系) are not converted: their parameters are secret.
"""

from __future__ import annotations

import math
from enum import StrEnum

from schemas.errors import Code, LedgerError
from schemas.geometry import MultiPolygon, Point, Polygon, Ring


class Datum(StrEnum):
    """What the numbers of a position refer to."""

    CGCS2000 = "cgcs2000"
    WGS84 = "wgs84"
    GCJ02 = "gcj02"


def datum_of(text: str) -> Datum:
    """The datum of this name. Raises LedgerError(DATUM_UNKNOWN), also for an empty name: there is no default."""
    try:
        return Datum(text)
    except ValueError as error:
        raise LedgerError(Code.DATUM_UNKNOWN, datum=text[:40]) from error


def converted(point: Point, source: Datum, target: Datum) -> Point:
    """`point` given in `source`, in `target`; unchanged between CGCS2000 and WGS-84 and outside China."""
    if (source is Datum.GCJ02) == (target is Datum.GCJ02):
        return point
    shift = _to_gcj02 if target is Datum.GCJ02 else _from_gcj02
    return Point.from_degrees(*shift(point.lon_deg, point.lat_deg))


def outline_converted(outline: Polygon | MultiPolygon, source: Datum, target: Datum) -> Polygon | MultiPolygon:
    """`outline` with every vertex `converted`; edges stay straight between their vertices."""
    if isinstance(outline, Polygon):
        return Polygon(rings=_rings_converted(outline.rings, source, target))
    return MultiPolygon(polygons=tuple(_rings_converted(rings, source, target) for rings in outline.polygons))


_A = 6378245.0
_EE = 0.00669342162296594323
"""Semi-major axis (m) and first eccentricity squared of the Krasovsky 1940 ellipsoid, as the formula is published."""
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
"""The box outside which the formula leaves positions alone, degrees. It is no border: it covers neighbours too."""
_STILL_DEG = 1e-12
_MAX_ROUNDS = 30


def _to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    if not _in_box(lon, lat):
        return lon, lat
    d_lon, d_lat = _offset(lon, lat)
    return lon + d_lon, lat + d_lat


def _from_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """The position that the forward formula sends here; where there is none (the box's very edge), unchanged."""
    if not _in_box(lon, lat):
        return lon, lat
    x, y = lon, lat
    for _ in range(_MAX_ROUNDS):
        d_lon, d_lat = _offset(x, y)
        step = max(abs(lon - d_lon - x), abs(lat - d_lat - y))
        x, y = lon - d_lon, lat - d_lat
        if step < _STILL_DEG:
            break
    return (x, y) if _in_box(x, y) else (lon, lat)


def _offset(lon: float, lat: float) -> tuple[float, float]:
    """The shift in degrees at a WGS-84 position; smooth, well below 0.01 degree and slowly varying."""
    x, y = lon - 105.0, lat - 35.0
    root = math.sqrt(abs(x))
    common = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    latitude = math.radians(lat)
    w2 = 1.0 - _EE * math.sin(latitude) ** 2
    meridian_m = _A * (1.0 - _EE) / (w2 * math.sqrt(w2))
    parallel_m = _A / math.sqrt(w2) * math.cos(latitude)
    return math.degrees(east / parallel_m), math.degrees(north / meridian_m)


def _in_box(lon: float, lat: float) -> bool:
    return _WEST <= lon <= _EAST and _SOUTH <= lat <= _NORTH


def _rings_converted(rings: tuple[Ring, ...], source: Datum, target: Datum) -> tuple[Ring, ...]:
    return tuple(tuple(_pair_converted(pair, source, target) for pair in ring) for ring in rings)


def _pair_converted(pair: tuple[int, int], source: Datum, target: Datum) -> tuple[int, int]:
    point = converted(Point(*pair), source, target)
    return point.lon_e9, point.lat_e9
