"""Where the demonstration's parcels lie: squares inside the outlines of real districts (示意), a parcel a square.

A unit of the plan gets squares round a middle of its own in the district that answers for it. Fictional units lie in a
district where the plan names no unit, so that nothing drawn there points at a place of the plan.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import numpy as np
import shapely

from schemas.admin_units import Unit
from schemas.districts import district_outlines
from schemas.geometry import E9, MultiPolygon, Point, Polygon

FICTION_LIES_IN = "110117"
"""平谷区: no unit of the plan lies there."""
SQUARE_LON_E9 = 3_500_000
SQUARE_LAT_E9 = 2_700_000
"""A square is about 300 × 300 m; a parcel is at most half as wide, so neighbours never touch."""


class Places:
    """Squares of each district, given out once each."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._free: dict[str, dict[Point, None]] = {}

    def near_middle(self, unit: Unit) -> Iterator[Point]:
        """South-west corners of free squares for a unit, the nearest to its middle first."""
        district = FICTION_LIES_IN if unit.fictional else unit.lead_district
        free = self._squares(district)
        middle = self._chance.choice(list(free))
        for corner in sorted(free, key=lambda corner: _distance(corner, middle)):
            if corner in free:  # not given to another unit of the district meanwhile
                del free[corner]
                yield corner

    def _squares(self, district: str) -> dict[Point, None]:
        if district not in self._free:
            self._free[district] = dict.fromkeys(_inside(district_outlines()[district]))
        return self._free[district]


def _inside(outline: Polygon | MultiPolygon) -> list[Point]:
    """The squares of the great grid that lie wholly inside an outline."""
    shape = shapely.from_geojson(json.dumps(outline.to_geojson()))
    shapely.prepare(shape)
    west, south, east, north = (round(value * E9) for value in shape.bounds)
    lons = range(-(-west // SQUARE_LON_E9) * SQUARE_LON_E9, east, SQUARE_LON_E9)
    lats = range(-(-south // SQUARE_LAT_E9) * SQUARE_LAT_E9, north, SQUARE_LAT_E9)
    corners = [(lon, lat) for lat in lats for lon in lons]
    low = np.array(corners, dtype=np.float64) / E9
    boxes = shapely.box(low[:, 0], low[:, 1], low[:, 0] + SQUARE_LON_E9 / E9, low[:, 1] + SQUARE_LAT_E9 / E9)
    kept = shapely.contains_properly(shape, boxes)
    return [Point(*corner) for corner, inside in zip(corners, kept, strict=True) if inside]


def _distance(one: Point, other: Point) -> tuple[int, int, int]:
    east, north = one.lon_e9 - other.lon_e9, one.lat_e9 - other.lat_e9
    return east * east * 6 // 10 + north * north, one.lon_e9, one.lat_e9
