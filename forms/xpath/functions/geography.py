"""area, distance, geofence: JavaRosa's own formulas on a sphere of 6,378,100 m, so that figures equal ODK Collect's.

They are for forms only. What the ledger counts is measured on the ellipsoid (`schemas/geodesy.py`).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from forms.xpath.errors import XPathError
from forms.xpath.registry import function
from forms.xpath.values import Nodeset, to_string

_RADIUS_M = 6_378_100.0
_CIRCUMFERENCE_M = 2 * _RADIUS_M * math.pi
_TO_RADIANS = 0.017453292519943295
LatLon = tuple[float, float]


@function("area", "raw", returns="number", aliases=("enclosed-area",))
def area(shape: Any) -> float:
    """The area in m² inside a geoshape, a geotrace or several geopoints."""
    points = _points([shape], "area")
    if len(points) < 3:
        return 0.0
    lat0, lon0 = points[0]
    ys = [(lat - lat0) * _CIRCUMFERENCE_M / 360.0 for lat, _ in points[1:]]
    xs = [(lon - lon0) * _CIRCUMFERENCE_M * math.cos(lat * _TO_RADIANS) / 360.0 for lat, lon in points[1:]]
    return abs(sum((ys[i - 1] * xs[i] - xs[i - 1] * ys[i]) / 2 for i in range(1, len(xs))))


@function("distance", "raw", rest="raw", returns="number")
def distance(*shapes: Any) -> float:
    """The length in m of a path through points."""
    points = _points(list(shapes), "distance")
    return math.fsum(_between(start, end) for start, end in pairwise(points))


@function("geofence", "string", "raw", returns="boolean")
def geofence(point: str, shape: Any) -> bool:
    """Whether a geopoint lies inside a geoshape."""
    fence = _points([shape], "geofence")
    if not point.strip() or not fence or fence[0] != fence[-1]:
        return False  # an open line has no inside
    y, x = _point(point, "geofence")
    inside = False
    for (lat1, lon1), (lat2, lon2) in pairwise(fence):
        if (lat2 > y) != (lat1 > y) and x < (lon1 - lon2) * (y - lat2) / (lat1 - lat2) + lon2:
            inside = not inside
    return inside


def _points(values: list[Any], name: str) -> list[LatLon]:
    texts: list[str] = []
    for value in values:
        texts += [to_string(each) for each in value.values()] if isinstance(value, Nodeset) else [to_string(value)]
    if len(texts) == 1:
        texts = [part for part in texts[0].split(";") if part.strip()]
    return [_point(text, name) for text in texts if text.strip()]


def _point(text: str, name: str) -> LatLon:
    try:
        numbers = [float(part) for part in text.split()]
        return numbers[0], numbers[1]
    except (ValueError, IndexError) as error:
        raise XPathError(f"{name}(): {text!r} is no position") from error


def _between(start: LatLon, end: LatLon) -> float:
    delta = (start[1] - end[1]) * _TO_RADIANS
    lat1, lat2 = start[0] * _TO_RADIANS, end[0] * _TO_RADIANS
    cosine = math.sin(lat1) * math.sin(lat2) + math.cos(lat1) * math.cos(lat2) * math.cos(delta)
    return math.acos(max(-1.0, min(1.0, cosine))) * _RADIUS_M
