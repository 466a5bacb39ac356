"""The grid that the demonstration draws on: every outline is made of cells, so that areas can be counted.

A cell is a rectangle of meridians and parallels of some 4 × 4 m, and its area on the ellipsoid has a closed form.
Corners are whole numbers of 1e-9 degrees, so no outline is rounded on its way through a file and the log.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from schemas.geodesy import FLATTENING, SEMI_MAJOR_M
from schemas.geometry import E9, Point

CELL_LON_E9 = 47_000
CELL_LAT_E9 = 36_000
CELL_M = 4.0
"""About the side of a cell, for what need not be exact (how far a photographer stands)."""

Mask = NDArray[np.bool_]
Areas = NDArray[np.float64]


@dataclass(frozen=True)
class Box:
    """A rectangle of cells, half open, with an optional notch cut out of its north-east corner (an L)."""

    west: int
    south: int
    east: int
    north: int
    notch_columns: int = 0
    notch_rows: int = 0

    @property
    def columns(self) -> int:
        """Width in cells."""
        return self.east - self.west

    @property
    def rows(self) -> int:
        """Height in cells."""
        return self.north - self.south

    def moved(self, columns: int, rows: int) -> Box:
        """The same shape elsewhere."""
        return Box(
            self.west + columns, self.south + rows, self.east + columns, self.north + rows,
            self.notch_columns, self.notch_rows,
        )  # fmt: skip

    def corners(self) -> list[tuple[int, int]]:
        """The closed ring of corners, counted in cells."""
        if not self.notch_columns or not self.notch_rows:
            ring = [(self.west, self.south), (self.east, self.south), (self.east, self.north), (self.west, self.north)]
        else:
            inner, lower = self.east - self.notch_columns, self.north - self.notch_rows
            ring = [
                (self.west, self.south), (self.east, self.south), (self.east, lower), (inner, lower),
                (inner, self.north), (self.west, self.north),
            ]  # fmt: skip
        return [*ring, ring[0]]


@dataclass(frozen=True)
class Grid:
    """A grid of cells with its south-west corner at `origin`; rows count northwards."""

    origin: Point
    columns: int
    rows: int

    def mask(self, box: Box) -> Mask:
        """The cells of this grid that lie in `box` (rows × columns)."""
        row, column = np.ogrid[: self.rows, : self.columns]
        inside = (column >= box.west) & (column < box.east) & (row >= box.south) & (row < box.north)
        notch = (column >= box.east - box.notch_columns) & (row >= box.north - box.notch_rows)
        return np.asarray(inside & ~notch, dtype=bool)

    def cell_areas_m2(self) -> Areas:
        """The area of each cell on the ellipsoid, m² (rows × columns)."""
        edges = [self.origin.lat_e9 + CELL_LAT_E9 * row for row in range(self.rows + 1)]
        zones = np.diff([_authalic(lat_e9 / E9) for lat_e9 in edges])
        width = math.radians(CELL_LON_E9 / E9)
        return np.repeat((SEMI_MAJOR_M**2 / 2 * width * zones)[:, None], self.columns, axis=1)

    def point(self, column: float, row: float) -> Point:
        """The position at a corner, counted in cells from the origin."""
        lon = self.origin.lon_e9 + round(CELL_LON_E9 * column)
        return Point(lon, self.origin.lat_e9 + round(CELL_LAT_E9 * row))

    def ring(self, box: Box) -> list[tuple[int, int]]:
        """The outline of `box` in degrees × 1e9."""
        points = [self.point(column, row) for column, row in box.corners()]
        return [(point.lon_e9, point.lat_e9) for point in points]

    def polygon(self, box: Box) -> dict[str, JsonValue]:
        """The outline of `box` as an entry holds it."""
        ring: list[JsonValue] = [[lon, lat] for lon, lat in self.ring(box)]
        return {"type": "Polygon", "rings": [ring]}

    def area_m2(self, box: Box) -> float:
        """The area of `box`, which may reach beyond the grid, by the closed form for its rectangles."""
        return self.strip_m2(box.west, box.south, box.east, box.north) - self.strip_m2(
            box.east - box.notch_columns, box.north - box.notch_rows, box.east, box.north
        )

    def strip_m2(self, west: int, south: int, east: int, north: int) -> float:
        """The area of a rectangle of cells, m²."""
        low, high = (self.origin.lat_e9 + CELL_LAT_E9 * row for row in (south, north))
        zone = _authalic(high / E9) - _authalic(low / E9)
        return SEMI_MAJOR_M**2 / 2 * math.radians(CELL_LON_E9 * (east - west) / E9) * zone


def _authalic(lat_deg: float) -> float:
    """Snyder's q: the ellipsoid's area below a parallel, in units of a² / 2 a radian of longitude."""
    e2 = FLATTENING * (2 - FLATTENING)
    e = math.sqrt(e2)
    sine = math.sin(math.radians(lat_deg))
    return (1 - e2) * (sine / (1 - e2 * sine * sine) + math.atanh(e * sine) / e)
