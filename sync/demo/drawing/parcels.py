"""Drawn parcels: a shape of cells, the classes that its ground had before the plan, and what the ledger's row says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from schemas.admin_units import Unit
from schemas.geometry import Point
from sync.demo.drawing.cells import Box, Grid, Mask
from sync.demo.drawing.people import MARK
from sync.demo.drawing.places import SQUARE_LAT_E9, SQUARE_LON_E9, Places

BASELINE_ON = date(2021, 1, 1)
OWNERS = ("集体", "国有", "市属国企")
BUILT_ON = ("0601", "0508", "05H1", "0702")
"""Classes of ground that counts as urban-rural construction land."""
OTHER = ("0103", "1202", "1003")
"""Classes that do not: a field, greenhouses, a motorway (construction, but not urban-rural)."""


@dataclass(frozen=True)
class Part:
    """A part of the baseline, with what had become of it before the ledger began, if anything."""

    box: Box
    land_class: str
    initial_state: str | None = None
    initial_class: str | None = None
    as_of: date | None = None


@dataclass(frozen=True)
class Plot:
    """A parcel: number, unit, grid and shape; its baseline parts share out the shape without overlap."""

    number: str
    unit: str
    unit_name: str
    district: str
    fictional: bool
    grid: Grid
    shape: Box
    parts: tuple[Part, ...]
    owner_type: str
    project: str
    planned_e2: int
    planned_class: str = "0301"

    @property
    def name(self) -> str:
        """The name in the ledger's row, marked as what it is."""
        return f"{self.unit_name}{self.number.rsplit('-', 1)[1]}号图斑（{MARK}）"

    @property
    def area_m2(self) -> float:
        """The parcel's area."""
        return self.grid.area_m2(self.shape)

    def ground(self) -> Mask:
        """The cells of the parcel."""
        return self.grid.mask(self.shape)

    def land(self, part: Part) -> Mask:
        """The cells of a baseline part."""
        return self.grid.mask(part.box) & self.ground()

    def middle(self) -> Point:
        """A position on the parcel, for whoever stands there."""
        return self.grid.point(self.grid.columns // 3, self.grid.rows // 3)


class Surveyor:
    """Draws parcels of units, the same for the same seed."""

    def __init__(self, chance: random.Random, on: date) -> None:
        self._chance = chance
        self._places = Places(chance)
        self._on = on

    def plots(self, unit: Unit) -> Iterator[Plot]:
        """Ordinary parcels of a unit, one after the other, without end but that of the district."""
        for number, corner in enumerate(self._places.near_middle(unit), 1):
            yield self._plot(unit, number, corner)

    def _plot(self, unit: Unit, number: int, corner: Point) -> Plot:
        chance = self._chance
        columns, rows = chance.randrange(15, 30), chance.randrange(12, 24)
        origin = Point(
            corner.lon_e9 + SQUARE_LON_E9 // 4 + 47 * chance.randrange(5_000),
            corner.lat_e9 + SQUARE_LAT_E9 // 4 + 36 * chance.randrange(5_000),
        )
        notched = chance.random() < 0.25
        notch = (chance.randrange(3, 6), chance.randrange(3, 5)) if notched else (0, 0)
        shape = Box(0, 0, columns, rows, *notch)
        built = chance.choice(BUILT_ON)
        parts: tuple[Part, ...] = (Part(shape, built),)
        if not notched and chance.random() < 0.25:
            edge = columns - chance.randrange(3, 6)
            parts = (Part(Box(0, 0, edge, rows), built), Part(Box(edge, 0, columns, rows), chance.choice(OTHER)))
        grid = Grid(origin, columns, rows)
        return Plot(
            number=f"{unit.unit_id}-{number:04d}",
            unit=unit.unit_id,
            unit_name=unit.name_on(self._on),
            district=unit.lead_district,
            fictional=unit.fictional,
            grid=grid,
            shape=shape,
            parts=parts,
            owner_type=chance.choice(OWNERS),
            project=f"XM-{unit.unit_id}-{1 + number // 25}",
            planned_e2=round(grid.area_m2(shape) * 100),
        )
